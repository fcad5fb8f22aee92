import { GroupCommit } from "@zhanggui/kit/server/group-commit";
import type { CountIn } from "@zhanggui/kit/server/figures";
import type { Runtime } from "@zhanggui/kit/server/runtime";

const quarterMs = 15 * 60_000;

/**
 * Counts what was refused. Whoever asks too often does so a thousand times: those that come together share one
 * statement, and a quarter of an hour is one row.
 */
export class Refusals {
  readonly #counts: GroupCommit<string, void>;

  constructor(private readonly runtime: Runtime) {
    this.#counts = new GroupCommit((tenants: readonly string[]) => this.#count(tenants), {
      maxItems: 1000,
      concurrency: 1,
    });
  }

  add(tenantId: string): Promise<void> {
    return this.#counts.add(tenantId);
  }

  async #count(tenants: readonly string[]): Promise<void[]> {
    const at = new Date(Math.floor(this.runtime.clock.now().getTime() / quarterMs) * quarterMs);
    const many = Map.groupBy(tenants, (tenantId) => tenantId);
    for (const [tenantId, { length: refused }] of many)
      await this.runtime.ctx(tenantId).sql`INSERT INTO codes_refusal AS known (at, refused) VALUES (${at}, ${refused})
        ON CONFLICT (tenant_id, at) DO UPDATE SET refused = known.refused + excluded.refused`;
    return tenants.map(() => undefined);
  }
}

export const refusedIn: CountIn = async (ctx, spans) => {
  const [from, until] = [spans.map((span) => span.from), spans.map((span) => span.until)];
  const rows = await ctx.sql<{ refused: number }>`
    SELECT (SELECT coalesce(sum(refused), 0)::int FROM codes_refusal
      WHERE at >= s.beginning AND at < s.ending) AS refused
    FROM unnest(${from}::timestamptz[], ${until}::timestamptz[]) WITH ORDINALITY AS s(beginning, ending, n) ORDER BY n`;
  return rows.map(({ refused }) => refused);
};
