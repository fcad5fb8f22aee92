import { event } from "@zhanggui/kit/contract/event";
import { newId } from "@zhanggui/kit/contract/ids";
import type { TxCtx } from "@zhanggui/kit/server/ctx";
import { scopeTables } from "@zhanggui/kit/server/policies";
import type { Runtime } from "@zhanggui/kit/server/runtime";
import { openRuntime, type OpenRuntime } from "@zhanggui/kit/testing/runtime";
import pg from "pg";
import { z } from "zod";

const Sip = z.object({ n: z.int(), pot: z.string() });
export const plainSip = event("tea.sip.v1", Sip);
export const keyedSip = event("tea.ordered_sip.v1", Sip, { key: ({ pot }) => pot });
export type SipEvent = typeof plainSip;

/** Of each tenant. */
const pots = 200;

/** A database of its own, with a table that handlers write to as a tenant. */
export async function openTea(clusterUrl: string): Promise<OpenRuntime & { readonly pool: pg.Pool }> {
  const open = await openRuntime(clusterUrl);
  const pool = new pg.Pool({ connectionString: open.runtime.env.DATABASE_URL, max: 20 });
  pool.on("error", () => {});
  await pool.query("CREATE TABLE tea_effect (tenant_id uuid NOT NULL, event_id uuid NOT NULL, n integer NOT NULL)");
  const { rows } = await pool.query<{ tenant_role: string }>("SELECT tenant_role FROM kit_database");
  const client = await pool.connect();
  await scopeTables(client, rows[0]?.tenant_role ?? "", {});
  client.release();
  const close = async (): Promise<void> => {
    await pool.end();
    await open.close();
  };
  return { ...open, pool, close };
}

/** What a handler of these measurements does: one row, through the ctx. */
export async function leaveEffect(ctx: TxCtx, eventId: string, n: number): Promise<void> {
  await ctx.sql`INSERT INTO tea_effect (event_id, n) VALUES (${eventId}, ${n})`;
}

export function newTenants(count: number): string[] {
  return Array.from({ length: count }, () => newId(new Date()));
}

/** Events of these tenants in turn, `count` in all, each tenant's in one transaction. */
export async function emitBacklog(
  runtime: Runtime,
  sip: SipEvent,
  tenants: readonly string[],
  count: number,
): Promise<void> {
  const each = Math.ceil(count / tenants.length);
  const sips = Array.from({ length: each }, (_, n) => ({ n, pot: `pot ${n % pots}` }));
  for (const tenantId of tenants) await runtime.ctx(tenantId).tx((ctx) => ctx.emitAll(sip, sips));
}

export interface Progress {
  /** To be called for each. */
  readonly one: () => void;
  /** From when a sixth of them were done, to the last. */
  readonly worked: Promise<{ readonly perSecond: number; readonly statementsEach: number }>;
}

/** Tells how fast `count` of something are done. */
export function measureProgress(count: number, statements: () => number): Progress {
  const { promise: worked, resolve } = Promise.withResolvers<{ perSecond: number; statementsEach: number }>();
  let done = 0;
  let from = 0;
  let before = 0;
  const warmUp = Math.ceil(count / 6);
  const one = (): void => {
    done += 1;
    if (done === warmUp) {
      from = performance.now();
      before = statements();
    }
    if (done !== count) return;
    const seconds = (performance.now() - from) / 1000;
    resolve({ perSecond: (count - warmUp) / seconds, statementsEach: (statements() - before) / (count - warmUp) });
  };
  return { one, worked };
}
