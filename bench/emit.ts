import { event } from "@zhanggui/kit/contract/event";
import { newId } from "@zhanggui/kit/contract/ids";
import { openRuntime } from "@zhanggui/kit/testing/runtime";
import pg from "pg";
import { z } from "zod";
import { measured } from "./support/clean-up.ts";
import { openCluster } from "./support/cluster.ts";
import { printMachine, printTable, shown } from "./support/figures.ts";
import { bestRates } from "./support/rates.ts";

/*
 * What an event costs: emits per second (a transaction with one event in it), beside the floor of one plain insert per
 * transaction; and how fast a worker handles 5,000 of them.
 */
const backlog = 5_000;
const brewed = event("tea.brewed.v1", z.object({ cups: z.int(), kind: z.string() }));
const payload = { cups: 2, kind: "oolong" };

/**
 * Events per second from the start of a worker until the last of `backlog` handlers has run, in a database of its own:
 * the log of the other figures would stand in its way.
 */
async function workOff(clusterUrl: string): Promise<number> {
  const open = await openRuntime(clusterUrl);
  try {
    const poured = event("tea.poured.v1", z.object({ cup: z.int() }));
    const all = Promise.withResolvers<void>();
    let handled = 0;
    const count = async (): Promise<void> => {
      handled += 1;
      if (handled === backlog) all.resolve();
    };
    // The emitter only says that there is such a handler; the worker, a second runtime, runs it.
    open.runtime.on(poured, "bench.count", count);
    await open.runtime.start({ work: false });
    await open.runtime.ctx(newId(new Date())).tx(async (ctx) => {
      for (let cup = 0; cup < backlog; cup++) await ctx.emit(poured, { cup });
    });
    const worker = await open.second();
    worker.on(poured, "bench.count", count);
    const from = performance.now();
    await worker.start({ work: true });
    await all.promise;
    return backlog / ((performance.now() - from) / 1000);
  } finally {
    await open.close();
  }
}

await measured(async () => {
  const clusterUrl = await openCluster();
  const open = await openRuntime(clusterUrl);
  const { runtime } = open;
  const pool = new pg.Pool({ connectionString: runtime.env.DATABASE_URL, max: 20 });
  try {
    await runtime.start({ work: false });
    await pool.query("CREATE TABLE floor (id uuid PRIMARY KEY, note text NOT NULL)");
    const plainInsert = async (): Promise<void> => {
      const client = await pool.connect();
      await client.query("BEGIN");
      await client.query("INSERT INTO floor (id, note) VALUES ($1, $2)", [newId(new Date()), "oolong"]);
      await client.query("COMMIT");
      client.release();
    };
    const ctx = runtime.ctx(newId(new Date()));
    const emit = () => ctx.tx((ctx) => ctx.emit(brewed, payload));
    const [floorAlone = 0, emitAlone = 0] = await bestRates([plainInsert, emit], 1);
    const [floorOf16 = 0, emitOf16 = 0] = await bestRates([plainInsert, emit], 16);
    const worked = await workOff(clusterUrl);
    printMachine();
    printTable(
      ["per second", "plain insert", "emit", "ratio"],
      [
        ["one at a time", shown(floorAlone), shown(emitAlone), shown(emitAlone / floorAlone)],
        ["16 at once", shown(floorOf16), shown(emitOf16), shown(emitOf16 / floorOf16)],
        [`dispatched and handled, of ${backlog.toLocaleString("en")}`, "", shown(worked), ""],
      ],
    );
    console.log(
      `emit is ${shown(emitOf16 / floorOf16)} of the floor at 16 at once, ${shown(emitAlone / floorAlone)} alone`,
    );
  } finally {
    await pool.end();
    await open.close();
  }
});
