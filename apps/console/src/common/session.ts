import {
  cookieMissing,
  type Me as MeSchema,
  type Session as SessionSchema,
  type SignedIn as SignedInSchema,
} from "@zhanggui/server/foundation/access/sign-in.contract";
import { ApiProblem } from "@zhanggui/kit/contract/problem";
import type { z } from "zod";

export type Me = z.output<typeof MeSchema>;
export type Session = z.output<typeof SessionSchema>;
/** A session that began here. */
export type SignedIn = z.output<typeof SignedInSchema>;

/**
 * Who is signed in, for all tabs: `<tenant>.<account>`, which opens nothing. The session itself lies in a cookie that
 * no script can read; what a tab's calls carry besides never leaves its memory.
 */
export const signedInKey = "zhanggui.signedIn";
const lockName = "zhanggui.session";

export interface SessionKeeperOptions {
  readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** `navigator.locks`; browsers offer it on https and on localhost only. Without it each tab takes its own turns. */
  readonly locks: Pick<LockManager, "request"> | undefined;
  /** Renews the session of the cookie; rejects with `ApiProblem` when the server refuses. */
  readonly refresh: () => Promise<Session>;
  /** Who is signed in now, null for nobody. */
  readonly onChange: (me: Me | null) => void;
  /** Another tab went on in another business: the browser's session is no longer this tab's. */
  readonly onMoved: () => void;
  /** A session that began here wasn't kept by the browser. */
  readonly onUnkept: (error: ApiProblem) => void;
}

/**
 * Keeps one session over all tabs. What its cookie holds is good for one renewal, and the server ends a session whose
 * token comes again later than a minute after; so renewals take turns across tabs.
 */
export class SessionKeeper {
  readonly #options: SessionKeeperOptions;
  #token: string | undefined;
  #accessExpiresAt = 0;
  /** Who was signed in here last. */
  #accountId: string | undefined;
  #tenantId: string | undefined;
  #renewing: Promise<boolean> | undefined;

  constructor(options: SessionKeeperOptions) {
    this.#options = options;
  }

  /** What this tab's calls carry: it is worth nothing without the cookie. */
  get token(): string | undefined {
    return this.#token;
  }

  /** Whether the session still holds `marginMs` from `now` (both in milliseconds). */
  isFresh(now: number, marginMs: number): boolean {
    return this.#token !== undefined && this.#accessExpiresAt - now > marginMs;
  }

  /** Whether a session may be waiting in this browser. */
  hasStored(): boolean {
    return this.#options.storage.getItem(signedInKey) !== null;
  }

  begin(session: Session): void {
    this.#token = session.accessToken;
    this.#accessExpiresAt = Date.parse(session.accessExpiresAt);
    this.#accountId = session.me.account.id;
    this.#tenantId = session.me.tenant.id;
    this.#options.storage.setItem(signedInKey, `${this.#tenantId}.${this.#accountId}`);
    this.#options.onChange(session.me);
  }

  /** Ends the session in every tab; waits for a renewal under way, which would bring it back otherwise. */
  async end(): Promise<void> {
    await this.#inTurn(async () => {
      this.#options.storage.removeItem(signedInKey);
      this.#forget();
    });
  }

  /**
   * Renews the session; whoever asks meanwhile gets the same answer.
   *
   * @returns false if there is no session any more, or only one of somebody else who signed in from another tab: what
   *   the first one began isn't to be done in the other's name, nor in their business
   * @throws what `refresh` throws when the server couldn't be reached: then the session may still be good
   */
  renew(): Promise<boolean> {
    this.#renewing ??= this.#inTurn(() => this.#renewOnce()).finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /** To be called when another tab changed what is stored: it signed out, or went on in another business. */
  storedElsewhere(key: string | null, value: string | null): void {
    if ((key === signedInKey && value === null) || key === null) this.#forget();
    else if (key === signedInKey && this.#isElsewhere(value)) this.#options.onMoved();
  }

  #isElsewhere(stored: string | null): boolean {
    return this.#tenantId !== undefined && stored?.startsWith(`${this.#tenantId}.`) === false;
  }

  async #renewOnce(): Promise<boolean> {
    const { storage, refresh } = this.#options;
    // Read only now: another tab may have signed out, or gone elsewhere, while this one waited for its turn.
    const stored = storage.getItem(signedInKey);
    if (stored === null) {
      this.#forget();
      return false;
    }
    if (this.#isElsewhere(stored)) {
      this.#options.onMoved();
      return false;
    }
    try {
      // An answer that was lost is asked for again: for a minute the server takes the same token once more.
      const session = await refresh().catch((error: unknown) => {
        if (error instanceof TypeError) return refresh();
        throw error;
      });
      const before = this.#accountId ?? session.me.account.id;
      this.begin(session);
      return session.me.account.id === before;
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.problem.status !== 401) throw error;
      if (error.problem.code === cookieMissing.code && this.#token !== undefined) this.#options.onUnkept(error);
      storage.removeItem(signedInKey);
      this.#forget();
      return false;
    }
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const { locks } = this.#options;
    return locks === undefined ? work() : locks.request(lockName, work);
  }

  #forget(): void {
    this.#token = undefined;
    this.#accessExpiresAt = 0;
    this.#options.onChange(null);
  }
}
