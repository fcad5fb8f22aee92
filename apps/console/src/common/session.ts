import type {
  Me as MeSchema,
  Session as SessionSchema,
  SignedIn as SignedInSchema,
} from "@zhanggui/server/foundation/access/sign-in.contract";
import { ApiProblem } from "@zhanggui/kit/contract/problem";
import type { z } from "zod";

export type Me = z.output<typeof MeSchema>;
export type Session = z.output<typeof SessionSchema>;
/** A session that began here. */
export type SignedIn = z.output<typeof SignedInSchema>;

/** Where the refresh token lies, for all tabs of this origin. The access token never leaves the memory of its tab. */
export const refreshTokenKey = "zhanggui.refreshToken";
const lockName = "zhanggui.session";

export interface SessionKeeperOptions {
  readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** `navigator.locks`; browsers offer it on https and on localhost only. Without it each tab takes its own turns. */
  readonly locks: Pick<LockManager, "request"> | undefined;
  /** Trades a refresh token for the next session; rejects with `ApiProblem` when the server refuses. */
  readonly refresh: (refreshToken: string) => Promise<Session>;
  /** Who is signed in now, null for nobody. */
  readonly onChange: (me: Me | null) => void;
  /** Another tab went on in another business; this one's session still holds for a while. */
  readonly onMoved: () => void;
}

/**
 * Keeps one session over all tabs. A refresh token is good for one use, and the server ends a session whose token comes
 * again later than a minute after; so renewals take turns across tabs, and each reads the stored token only when it is
 * its turn.
 */
export class SessionKeeper {
  readonly #options: SessionKeeperOptions;
  #accessToken: string | undefined;
  #accessExpiresAt = 0;
  /** Who was signed in here last. */
  #accountId: string | undefined;
  #tenantId: string | undefined;
  #renewing: Promise<boolean> | undefined;

  constructor(options: SessionKeeperOptions) {
    this.#options = options;
  }

  get accessToken(): string | undefined {
    return this.#accessToken;
  }

  /** Whether the access token still holds `marginMs` from `now` (both in milliseconds). */
  isFresh(now: number, marginMs: number): boolean {
    return this.#accessToken !== undefined && this.#accessExpiresAt - now > marginMs;
  }

  /** Whether a session may be waiting in this browser. */
  hasStored(): boolean {
    return this.#options.storage.getItem(refreshTokenKey) !== null;
  }

  begin(session: Session): void {
    this.#accessToken = session.accessToken;
    this.#accessExpiresAt = Date.parse(session.accessExpiresAt);
    this.#accountId = session.me.account.id;
    this.#tenantId = session.me.tenant.id;
    this.#options.storage.setItem(refreshTokenKey, session.refreshToken);
    this.#options.onChange(session.me);
  }

  /** Ends the session in every tab; waits for a renewal under way, which would bring it back otherwise. */
  async end(): Promise<void> {
    await this.#inTurn(async () => {
      this.#options.storage.removeItem(refreshTokenKey);
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
    if ((key === refreshTokenKey && value === null) || key === null) this.#forget();
    else if (key === refreshTokenKey && this.#tenantId !== undefined) {
      // A token begins with its tenant.
      if (value?.startsWith(`${this.#tenantId}.`) === false) this.#options.onMoved();
    }
  }

  async #renewOnce(): Promise<boolean> {
    const { storage, refresh } = this.#options;
    // Read only now: another tab may have renewed while this one waited for its turn.
    const refreshToken = storage.getItem(refreshTokenKey);
    if (refreshToken === null) {
      this.#forget();
      return false;
    }
    try {
      // An answer that was lost is asked for again: for a minute the server takes the same token once more.
      const session = await refresh(refreshToken).catch((error: unknown) => {
        if (error instanceof TypeError) return refresh(refreshToken);
        throw error;
      });
      const before = this.#accountId ?? session.me.account.id;
      this.begin(session);
      return session.me.account.id === before;
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.problem.status !== 401) throw error;
      storage.removeItem(refreshTokenKey);
      this.#forget();
      return false;
    }
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const { locks } = this.#options;
    return locks === undefined ? work() : locks.request(lockName, work);
  }

  #forget(): void {
    this.#accessToken = undefined;
    this.#accessExpiresAt = 0;
    this.#options.onChange(null);
  }
}
