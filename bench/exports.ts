import "@oxc-node/core/register";
import pg from "pg";
import { measured, onShutdown } from "./support/clean-up.ts";
import { openCluster } from "./support/cluster.ts";
import { printMachine, printTable, shown } from "./support/figures.ts";

// Node itself doesn't run decorators; what has them is loaded when there is somebody who does.
const { openTestServer } = await import("@zhanggui/server/testing/test-server");

/*
 * A list of people (EXPORT_ROWS, a million) made into a workbook and into CSV by the server's own queue: rows a second,
 * and how much memory the process had at most beyond what it had before. The floor is a cursor that reads the same
 * columns of the same rows by the same batches and drops them.
 */
const rows = Number(process.env["EXPORT_ROWS"] ?? 1_000_000);
const megabyte = 1024 * 1024;
const columns = ["displayName", "following", "firstSeenAt", "lastSeenAt"];

interface Figure {
  readonly perSecond: number;
  readonly peakMegabytes: number;
  readonly sizeMegabytes?: number;
}

async function watched(work: () => Promise<number | undefined>): Promise<Figure> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let peak = before;
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
  const from = performance.now();
  const sizeBytes = await work();
  clearInterval(timer);
  return {
    perSecond: rows / ((performance.now() - from) / 1000),
    peakMegabytes: (peak - before) / megabyte,
    ...(sizeBytes === undefined ? {} : { sizeMegabytes: sizeBytes / megabyte }),
  };
}

async function bareCursor(url: string): Promise<undefined> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`BEGIN; DECLARE people CURSOR FOR SELECT id, display_name, following, first_seen_at, last_seen_at
    FROM audience_person ORDER BY tenant_id DESC, id DESC`);
  while ((await client.query("FETCH 500 FROM people")).rows.length > 0);
  await client.end();
}

await measured(async () => {
  const server = await openTestServer(await openCluster());
  onShutdown(() => server.close());
  const owner = await server.asOwner();
  const client = new pg.Client({ connectionString: server.databaseUrl });
  await client.connect();
  await client.query(
    `INSERT INTO audience_person (tenant_id, id, display_name, first_seen_at, last_seen_at)
     SELECT $1, zg_id(), '茶友 ' || n, now(), now() - n * interval '1 second' FROM generate_series(1, $2::int) n`,
    [owner.tenantId, rows],
  );
  await client.query("VACUUM ANALYZE audience_person");
  await client.end();
  const make = async (format: "xlsx" | "csv"): Promise<number> => {
    const { id } = await owner.api.exports.create({ list: "audience.listPeople", columns, format });
    await server.runUntilIdle();
    const made = await owner.api.exports.get({ exportId: id });
    if (made.state !== "done" || made.rows !== rows) throw new Error(`${format}: ${JSON.stringify(made)}`);
    return made.sizeBytes;
  };
  const floor = await watched(() => bareCursor(server.databaseUrl));
  const [workbook, csv] = [await watched(() => make("xlsx")), await watched(() => make("csv"))];
  printMachine();
  const line = (name: string, { perSecond, peakMegabytes, sizeMegabytes }: Figure): string[] => [
    name,
    shown(perSecond),
    shown(peakMegabytes),
    sizeMegabytes === undefined ? "" : shown(sizeMegabytes),
    shown(perSecond / floor.perSecond),
  ];
  printTable(
    [`${rows.toLocaleString("en")} people`, "rows/s", "peak MB above", "file MB", "of the cursor"],
    [line("floor: a bare cursor", floor), line("workbook", workbook), line("CSV", csv)],
  );
});
