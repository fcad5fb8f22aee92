import { Injectable } from "@nestjs/common";
import { tooManyRequests } from "@zhanggui/kit/contract/faults";
import type { OwnerTransaction } from "@zhanggui/kit/server/owner-transaction";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { Tables } from "@zhanggui/kit/server/tables";
import { type Kysely, sql } from "kysely";
import { placeLockedOut, lockedOut } from "../sign-in.contract.ts";

/** Failures are forgotten so long after the last one; a lock lasts as long. */
const windowMinutes = 15;
const windowMs = windowMinutes * 60_000;
/** OWASP Authentication Cheat Sheet: a short lock after a few failures stops guessing and forgives the forgetful. */
const pairLimit = 5;
/** Whoever signs in elsewhere with a password that doesn't fit here leaves most of them to whoever means it. */
const asideLimit = 2;
/** An office of many people shares one address. */
const sourceLimit = 50;
/** From here on guesses from ever new sources come one at a time, at a pace that doubles up to a minute. */
const unhurriedLimit = 20;
const longestPaceSeconds = 60;
const prunedAtOnce = 1000;

/** Seconds that an attempt waits after so many failures, as SQL on a row. */
const waits = {
  pair: `CASE WHEN row.failures < ${pairLimit} THEN 0 ELSE ${windowMs / 1000} END`,
  aside: `CASE WHEN row.failures < ${asideLimit} THEN 0 ELSE ${windowMs / 1000} END`,
  source: `CASE WHEN row.failures < ${sourceLimit} THEN 0 ELSE ${windowMs / 1000} END`,
  subject: `CASE WHEN row.failures < ${unhurriedLimit} THEN 0
    ELSE least(${longestPaceSeconds}, 2 ^ least(row.failures - ${unhurriedLimit}, 10)) END`,
} as const;
type Kind = keyof typeof waits;

interface Key {
  readonly subject: string;
  readonly source: string;
}

/** What was asked for, in the words of whoever asked. A login has no spaces. */
export interface Asked {
  readonly login: string;
  readonly tenantId: string | undefined;
}
const anyTenant = (login: string): string => `login ${login}`;
const inTenant = (login: string, tenantId = ""): string => `${anyTenant(login)} in ${tenantId}`;
const subjectOf = ({ login, tenantId }: Asked): string =>
  tenantId === undefined ? anyTenant(login) : inTenant(login, tenantId);

/**
 * Counts wrong passwords by login or account and source, so that a guesser locks out nobody but themselves; over all
 * accounts of a source, so that they can't go through many; and over all sources of an account, where it only slows
 * them down.
 *
 * An attempt is counted before the password is looked at, so that a thousand guesses at once get no further than five
 * one after the other; a right one is taken back.
 */
@Injectable()
export class LoginAttempts {
  constructor(private readonly runtime: Runtime) {}

  /**
   * Counts an attempt, on what was asked for and on the accounts that this may mean. Only of the first is it told that
   * it has to wait: what is said must be the same whether there are such accounts, and in which tenants, or not. So an
   * account that has to wait is not among those returned, which looks like a wrong password; it happens to who has used
   * up its tries by asking in another way.
   *
   * @param isAside nobody asked for these accounts: their owner meant another
   * @returns the accounts that may be tried
   * @throws Fault `access.locked_out`, `access.place_locked_out` or `kit.too_many_requests`; then nothing is counted
   */
  admit(asked: Asked, accountIds: readonly string[], source: string, isAside = false): Promise<ReadonlySet<string>> {
    const subject = subjectOf(asked);
    const keys = accountIds.toSorted().map((id) => ({ subject: id, source }));
    return this.runtime.ownerTransaction(async (trx) => {
      const fromHere = await this.#count(trx, "source", [{ subject: "", source }]);
      if (fromHere.size === 0) throw placeLockedOut({ seconds: await this.#left(trx, "source", "", source) });
      const unlocked = await this.#count(trx, "pair", [{ subject, source }]);
      if (unlocked.size === 0) throw lockedOut({ seconds: await this.#left(trx, "pair", subject, source) });
      const unhurried = await this.#count(trx, "subject", [{ subject, source: "" }]);
      if (unhurried.size === 0) throw tooManyRequests({ seconds: await this.#left(trx, "subject", subject, "") });
      const open = await this.#count(trx, isAside ? "aside" : "pair", keys);
      return this.#count(
        trx,
        "subject",
        keys.filter((key) => open.has(key.subject)).map((key) => ({ subject: key.subject, source: "" })),
      );
    });
  }

  /** Takes back an attempt that was right for these accounts. */
  async forgive(asked: Asked, accountIds: readonly string[], source: string): Promise<void> {
    const subject = subjectOf(asked);
    const less = "UPDATE access_login_attempt SET failures = failures - 1 WHERE failures > 0";
    await this.runtime.ownerTransaction(async (trx) => {
      await trx.query(`${less} AND subject = '' AND source = $1`, [source]);
      await trx.query("DELETE FROM access_login_attempt WHERE subject = ANY ($1) AND source = $2", [
        [subject, ...accountIds],
        source,
      ]);
      // In the order in which they are counted, or two would wait for each other.
      for (const each of [subject, ...accountIds.toSorted()]) {
        await trx.query(`${less} AND subject = $1 AND source = ''`, [each]);
      }
    });
  }

  /**
   * Counts an attempt of somebody who has proved themselves before: theirs is a count that no stranger can use up.
   *
   * @returns 0 if it may be tried, else the seconds to wait; then nothing is counted
   */
  waitOfKnown(accountId: string, source: string): Promise<number> {
    return this.runtime.ownerTransaction(async (trx) => {
      const admitted = await this.#count(trx, "pair", [{ subject: accountId, source }]);
      if (admitted.size > 0) return 0;
      return this.#left(trx, "pair", accountId, source);
    });
  }

  async forgiveKnown(accountId: string, source: string): Promise<void> {
    await this.runtime
      .unscopedDb()
      .deleteFrom("access_login_attempt")
      .where("subject", "=", accountId)
      .where("source", "=", source)
      .execute();
  }

  /** How many have failed from a source lately, over all logins. */
  async failuresFrom(source: string): Promise<number> {
    const row = await this.runtime
      .unscopedDb()
      .selectFrom("access_login_attempt")
      .select("failures")
      .where("subject", "=", "")
      .where("source", "=", source)
      .where("lastAt", ">", new Date(this.runtime.clock.now().getTime() - windowMs))
      .executeTakeFirst();
    return row?.failures ?? 0;
  }

  /** Forgets what was counted on an account. What its sources did to others, also to those with its login, stays. */
  async unlock(tenantId: string, { id, login }: { readonly id: string; readonly login: string }): Promise<void> {
    const subjects = [id, anyTenant(login), inTenant(login, tenantId)];
    await this.runtime.unscopedDb().deleteFrom("access_login_attempt").where("subject", "in", subjects).execute();
  }

  /** Drops what no longer matters; the table would grow with every name that a guesser makes up. */
  async prune(): Promise<void> {
    const forgotten = new Date(this.runtime.clock.now().getTime() - 2 * windowMs);
    // In batches: while a guesser is at work there may be very many.
    for (let gone = prunedAtOnce; gone === prunedAtOnce;) {
      const rows = await this.runtime.ownerTransaction((trx) =>
        trx.query(
          `DELETE FROM access_login_attempt WHERE (subject, source) IN (
             SELECT subject, source FROM access_login_attempt WHERE last_at < $1 ORDER BY last_at LIMIT ${prunedAtOnce})
           RETURNING subject`,
          [forgotten],
        ),
      );
      gone = rows.length;
    }
  }

  /** Adds one to each row that needn't wait; returns the subjects of those. */
  async #count(trx: OwnerTransaction, kind: Kind, keys: readonly Key[]): Promise<ReadonlySet<string>> {
    const now = this.runtime.clock.now();
    const rows = await trx.query<{ subject: string }>(
      `INSERT INTO access_login_attempt AS row (subject, source, failures, last_at)
       SELECT subject, source, 1, $3 FROM unnest($1::text[], $2::text[]) AS given (subject, source) ORDER BY 1
       ON CONFLICT (subject, source) DO UPDATE
       SET failures = CASE WHEN row.last_at <= $4 THEN 1 ELSE row.failures + 1 END, last_at = $3
       WHERE row.last_at <= $4 OR ${waits[kind]} = 0
         OR row.last_at + ${waits[kind]} * interval '1 second' <= $3
       RETURNING subject`,
      [keys.map(({ subject }) => subject), keys.map(({ source }) => source), now, new Date(now.getTime() - windowMs)],
    );
    return new Set(rows.map(({ subject }) => subject));
  }

  /** Seconds until it may be tried again. */
  async #left(trx: OwnerTransaction, kind: Kind, subject: string, source: string): Promise<number> {
    const [row] = await trx.query<{ seconds: number | null }>(
      `SELECT ceil(extract(epoch FROM last_at + ${waits[kind]} * interval '1 second' - $3))::int AS seconds
       FROM access_login_attempt AS row WHERE subject = $1 AND source = $2`,
      [subject, source, this.runtime.clock.now()],
    );
    return Math.max(1, row?.seconds ?? 1);
  }
}

/** The operator's way back for a place that is locked. @returns whether anything was counted */
export async function unlockPlace(db: Kysely<Tables>, source: string): Promise<boolean> {
  const gone = await db
    .deleteFrom("access_login_attempt")
    .where("subject", "=", "")
    .where("source", "=", source)
    .returning("source")
    .execute();
  return gone.length > 0;
}

/**
 * And for a login: forgets what was counted on every account of a login, and on the sources it was tried from.
 *
 * @returns whether anything was counted
 */
export async function unlockLogin(db: Kysely<Tables>, login: string): Promise<boolean> {
  const accounts = await db.selectFrom("access_account").select("id").where("login", "=", login).execute();
  const subjects = [anyTenant(login), ...accounts.map(({ id }) => id)];
  const gone = await db
    .deleteFrom("access_login_attempt")
    .where((row) => row.or([row("subject", "in", subjects), sql<boolean>`starts_with(subject, ${inTenant(login)})`]))
    .returning("source")
    .execute();
  if (gone.length === 0) return false;
  const sources = gone.map(({ source }) => source);
  await db.deleteFrom("access_login_attempt").where("subject", "=", "").where("source", "in", sources).execute();
  return true;
}
