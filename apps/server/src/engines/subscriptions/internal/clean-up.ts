import type { TxCtx } from "@zhanggui/kit/server/ctx";
import type { Prune } from "@zhanggui/kit/server/retention";

/**
 * In batches of ten thousand, each a transaction of its own, until nothing is left (B-61). A grant that somebody has
 * locked just now waits for the next time.
 */
const batch = 10_000;

interface Done {
  readonly seen: number;
}
const seenIn = async (rows: Promise<readonly Done[]>): Promise<number> => Number((await rows)[0]?.seen ?? 0);

/** Consents of before are void. The oldest are used first, so what is left are the latest. */
export const expireGrants: Prune = (ctx, { before }) =>
  seenIn(
    ctx.sql<Done>`
      WITH due AS MATERIALIZED (
        SELECT id, remaining FROM subscriptions_grant
        WHERE remaining > 0 AND oldest_at < ${before}
        ORDER BY oldest_at LIMIT ${batch} FOR UPDATE SKIP LOCKED),
      counted AS MATERIALIZED (
        SELECT due.id, remaining - least(remaining, count(entry.id))::int AS gone, min(entry.at) AS oldest_at
        FROM due LEFT JOIN subscriptions_entry entry
          ON entry.grant_id = due.id AND entry.kind = 'granted' AND entry.amount > 0 AND entry.at >= ${before}
        GROUP BY due.id, remaining),
      noted AS (
        INSERT INTO subscriptions_entry (grant_id, key, kind, amount, source, at, trace_id)
        SELECT id, 'expired:' || zg_id(), 'expired', -gone, 'age', ${ctx.now()}, ${ctx.traceId}
        FROM counted WHERE gone > 0),
      changed AS (
        UPDATE subscriptions_grant g SET remaining = g.remaining - gone, oldest_at = counted.oldest_at,
          changed_at = CASE WHEN gone > 0 THEN ${ctx.now()} ELSE g.changed_at END
        FROM counted WHERE counted.id = g.id)
      SELECT count(*) AS seen FROM due`,
  );

/** What they came to stays in `carried`: the sum of a grant's entries is what it was. */
export const forgetEntries: Prune = (ctx, { beforeId }) =>
  seenIn(
    ctx.sql<Done>`
      WITH old AS MATERIALIZED (
        SELECT id, grant_id FROM subscriptions_entry WHERE id < ${beforeId} ORDER BY id LIMIT ${batch}),
      locked AS MATERIALIZED (
        SELECT id FROM subscriptions_grant WHERE id IN (SELECT grant_id FROM old) FOR UPDATE SKIP LOCKED),
      gone AS (
        DELETE FROM subscriptions_entry WHERE id IN (SELECT old.id FROM old JOIN locked ON locked.id = old.grant_id)
        RETURNING grant_id, amount),
      carried AS (
        UPDATE subscriptions_grant g SET carried = g.carried + sums.amount
        FROM (SELECT grant_id, sum(amount)::int AS amount FROM gone GROUP BY grant_id) sums WHERE sums.grant_id = g.id)
      SELECT count(*) AS seen FROM gone`,
  );

/** Of whoever has nothing left, said nothing of late and refused nothing, nothing is to be remembered. */
export const forgetGrants: Prune = (ctx: TxCtx, { before }) =>
  seenIn(
    ctx.sql<Done>`
      WITH gone AS (
        DELETE FROM subscriptions_grant WHERE id IN (
          SELECT id FROM subscriptions_grant g
          WHERE state = 'spent' AND held = 0 AND changed_at < ${before}
            AND NOT EXISTS (SELECT FROM subscriptions_entry WHERE grant_id = g.id)
          ORDER BY changed_at LIMIT ${batch} FOR UPDATE SKIP LOCKED)
        RETURNING 1)
      SELECT count(*) AS seen FROM gone`,
  );
