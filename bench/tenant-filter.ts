import { newId } from "@zhanggui/kit/contract/ids";
import { openRuntime, type OpenRuntime } from "@zhanggui/kit/testing/runtime";
import type { Compilable } from "kysely";
import { measured } from "./support/clean-up.ts";
import { openCluster } from "./support/cluster.ts";
import { printMachine, printTable, shown } from "./support/figures.ts";
import { bestRates } from "./support/rates.ts";

/*
 * What the tenant filter costs: the same select with the filter written by hand on a plain kysely, and with the filter
 * put in by the plugin. Whole queries per second, and the making of the SQL alone.
 */
const rows = 1_000;
const tenants = 10;

interface Selects {
  readonly byHand: (id: string) => Compilable & { execute(): Promise<unknown[]> };
  readonly byPlugin: (id: string) => Compilable & { execute(): Promise<unknown[]> };
  readonly ids: readonly string[];
}

/** Fills the event log for some tenants; the selects read single events of one of them. */
async function prepare({ runtime, db }: OpenRuntime): Promise<Selects> {
  const tenantIds = Array.from({ length: tenants }, () => newId(new Date()));
  const ids = new Map<string, string[]>();
  for (const tenantId of tenantIds) {
    const events = Array.from({ length: rows / tenants }, (_, cups) => ({
      tenant_id: tenantId,
      id: newId(new Date()),
      name: "tea.brewed.v1",
      payload: JSON.stringify({ cups }),
      actor_kind: "system",
      actor_id: "bench",
      trace_id: "0".repeat(32),
      occurred_at: new Date(),
      dispatched_at: null,
    }));
    await db.insertInto("kit_event").values(events).execute();
    ids.set(
      tenantId,
      events.map(({ id }) => id),
    );
  }
  const [tenantId = ""] = tenantIds;
  const columns = ["id", "name", "payload", "occurred_at"] as const;
  const ctx = runtime.ctx(tenantId);
  return {
    byHand: (id) =>
      db.selectFrom("kit_event").select(columns).where("id", "=", id).where("kit_event.tenant_id", "=", tenantId),
    byPlugin: (id) => ctx.db.selectFrom("kit_event").select(columns).where("id", "=", id),
    ids: ids.get(tenantId) ?? [],
  };
}

await measured(async () => {
  const open = await openRuntime(await openCluster());
  try {
    const { byHand, byPlugin, ids } = await prepare(open);
    let turn = 0;
    const next = (): string => ids[turn++ % ids.length] ?? "";
    const [one, other] = [byHand(next()).compile().sql, byPlugin(next()).compile().sql];
    if (one !== other) throw new Error(`not the same query:\n${one}\n${other}`);

    const compiled = await bestRates([async () => byHand(next()).compile(), async () => byPlugin(next()).compile()], 1);
    const alone = await bestRates([() => byHand(next()).execute(), () => byPlugin(next()).execute()], 1);
    const of16 = await bestRates([() => byHand(next()).execute(), () => byPlugin(next()).execute()], 16);
    printMachine();
    const line = (name: string, [hand = 0, plugin = 0]: readonly number[]) => [
      name,
      shown(hand),
      shown(plugin),
      shown(plugin / hand),
    ];
    printTable(
      ["per second", "filter by hand", "by the plugin", "ratio"],
      [line("SQL made, not run", compiled), line("selects, one at a time", alone), line("selects, 16 at once", of16)],
    );
    const ratio = (figures: readonly number[]): string => shown((figures[1] ?? 0) / (figures[0] ?? 0));
    console.log(`with the plugin ${ratio(of16)} of the selects per second at 16 at once, ${ratio(alone)} alone`);
  } finally {
    await open.close();
  }
});
