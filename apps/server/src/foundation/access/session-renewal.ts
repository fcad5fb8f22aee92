import type { TxCtx } from "@zhanggui/kit/server/ctx";
import { sql } from "kysely";
import { hashToken, repeatSeconds, successorOf } from "./session-tokens.ts";

/** Where sessions of one kind lie, and the refresh tokens of theirs that were used. Their columns are called alike. */
export interface SessionTables {
  readonly sessions: string;
  readonly used: string;
}

export interface Renewed {
  /** The next refresh token. */
  readonly next: string;
  readonly expiresAt: Date;
}
interface SessionRow {
  readonly refreshHash: string;
  readonly previousHash: string | null;
  readonly renewedAt: Date | null;
  readonly expiresAt: Date;
}

/**
 * Trades a refresh token for the next one. The answer may be lost, or two may ask at once: for a minute the same token
 * gets the same next one.
 *
 * @returns undefined for a session that is over, or a token that isn't its own now
 */
export async function renewSession(
  ctx: TxCtx,
  { sessions, used }: SessionTables,
  asked: {
    readonly sessionId: string;
    readonly token: string;
    readonly expiresAt: Date;
    readonly secrets: readonly string[];
  },
): Promise<Renewed | undefined> {
  const { sessionId, token, expiresAt, secrets } = asked;
  const [session] = await ctx.sql<SessionRow>`
    SELECT refresh_hash, previous_hash, renewed_at, expires_at FROM ${sql.table(sessions)}
    WHERE id = ${sessionId} AND ended_at IS NULL AND expires_at > ${ctx.now()} FOR UPDATE`;
  if (session === undefined) return undefined;
  const { refreshHash, previousHash, renewedAt } = session;
  const hash = hashToken(token);
  const nexts = secrets.map((secret) => successorOf(token, secret));
  if (hash === refreshHash) {
    const [next = ""] = nexts;
    await ctx.sql`UPDATE ${sql.table(sessions)} SET refresh_hash = ${hashToken(next)}, previous_hash = ${hash},
      renewed_at = ${ctx.now()}, expires_at = ${expiresAt} WHERE id = ${sessionId}`;
    await ctx.sql`INSERT INTO ${sql.table(used)} (session_id, refresh_hash) VALUES (${sessionId}, ${hash})`;
    return { next, expiresAt };
  }
  const repeatableUntil = (renewedAt?.getTime() ?? 0) + repeatSeconds * 1000;
  if (hash !== previousHash || ctx.now().getTime() > repeatableUntil) return undefined;
  // The key may have been changed in between: whichever it was that the next one was made with.
  const next = nexts.find((each) => hashToken(each) === refreshHash);
  return next === undefined ? undefined : { next, expiresAt: session.expiresAt };
}

/** Whether a token was good for that session once: then somebody has copied it. */
export async function wasUsed(
  ctx: Pick<TxCtx, "sql">,
  { used }: SessionTables,
  sessionId: string,
  token: string,
): Promise<boolean> {
  const rows = await ctx.sql`
    SELECT FROM ${sql.table(used)} WHERE session_id = ${sessionId} AND refresh_hash = ${hashToken(token)}`;
  return rows.length > 0;
}
