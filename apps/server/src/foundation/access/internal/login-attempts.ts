import type { Kysely } from "kysely";
import { sql } from "kysely";
import type { Tables } from "@zhanggui/kit/server/tables";
import { lockedOut } from "../access.contract.ts";

/** OWASP Authentication Cheat Sheet: a short lock after a few failures stops guessing and forgives the forgetful. */
export const wrongPasswordLimit = 5;
export const lockMinutes = 15;
const minuteMs = 60_000;

/**
 * Counts the attempt before the password is looked at, in one statement, so that a thousand guesses at once get no
 * further than five one after the other.
 *
 * @throws Fault `access.locked_out` with the minutes that are left
 */
export async function countAttempt(db: Kysely<Tables>, login: string, now: Date): Promise<void> {
  const forgotten = new Date(now.getTime() - lockMinutes * minuteMs);
  const lockedUntil = new Date(now.getTime() + lockMinutes * minuteMs);
  const failures = sql<number>`CASE WHEN access_login_attempt.last_at <= ${forgotten} THEN 1 ELSE access_login_attempt.failures + 1 END`;
  const row = await db
    .insertInto("access_login_attempt")
    .values({ login, failures: 1, lockedUntil: null, lastAt: now })
    .onConflict((on) =>
      on.column("login").doUpdateSet({
        failures,
        // The lock counts from the failure that closed it; knocking on the closed door doesn't prolong it.
        lockedUntil: sql`CASE WHEN ${failures} > ${wrongPasswordLimit}
          THEN coalesce(access_login_attempt.locked_until, ${lockedUntil}) ELSE NULL END`,
        lastAt: sql`CASE WHEN access_login_attempt.locked_until > ${now} THEN access_login_attempt.last_at ELSE ${now} END`,
      }),
    )
    .returning("lockedUntil")
    .executeTakeFirstOrThrow();
  if (row.lockedUntil === null) return;
  throw lockedOut({ minutes: Math.ceil((row.lockedUntil.getTime() - now.getTime()) / minuteMs) });
}

export async function forgetAttempts(db: Kysely<Tables>, login: string): Promise<void> {
  await db.deleteFrom("access_login_attempt").where("login", "=", login).execute();
}

/** Drops what no longer matters; the table would grow with every name that a guesser makes up. */
export async function pruneAttempts(db: Kysely<Tables>, now: Date): Promise<void> {
  const forgotten = new Date(now.getTime() - 2 * lockMinutes * minuteMs);
  await db.deleteFrom("access_login_attempt").where("lastAt", "<", forgotten).execute();
}
