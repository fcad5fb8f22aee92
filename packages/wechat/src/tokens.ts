import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

/**
 * One access token per account, shared by every caller and every process, on WeChat's `stable_token`.
 *
 * What goes wrong elsewhere: two processes refresh at once, an old refresh overwrites a newer token, and a late 40001
 * on the previous token throws the new one away, which makes everybody refresh again (a storm). So: a lease, a second
 * look at the store once the lease is held, and voiding only the very value that failed.
 */
export interface AccessToken {
  readonly value: string;
  readonly expiresAt: Date;
}

export interface StoredToken extends AccessToken {
  /**
   * Whether WeChat has refused this value. It stays readable so that a refresh can tell whether it got the same one
   * again.
   */
  readonly voided: boolean;
}

/**
 * Where the token of one account (one appid) lives. Each method is one atomic step; on SQL, one statement each.
 * The token and the lease are one record: token value, expiry, voided; lease owner, lease end.
 */
export interface TokenStore {
  /** The newest token, voided or expired ones too; null when there never was one. */
  read(): Promise<StoredToken | null>;
  /** Takes the lease for `ttlMs` when it is free or has run out; whether it was taken. */
  tryLease(owner: string, ttlMs: number): Promise<boolean>;
  /**
   * Stores the token, not voided, if and only if `owner` still holds a lease that hasn't run out; whether it did.
   * Whoever writes without a lease (an operator replacing the token by hand) also ends any lease, so that a refresh
   * begun earlier doesn't overwrite it.
   */
  write(owner: string, token: AccessToken): Promise<boolean>;
  /** Ends the lease if `owner` holds it, else does nothing. */
  release(owner: string): Promise<void>;
  /** Marks the token voided if and only if its value is `value`, else does nothing. */
  invalidate(value: string): Promise<void>;
}

/** What the client needs of tokens. */
export interface TokenSource {
  /** A token believed to be good. */
  get(): Promise<string>;
  /** Another token than `failed`, which WeChat refused. */
  replace(failed: string): Promise<string>;
}

/** Asks WeChat for the token (`stable_token`); with `force`, for another one than it gave before. */
export type FetchToken = (options: { readonly force: boolean }) => Promise<AccessToken>;

export interface TokenCoordinatorOptions {
  readonly store: TokenStore;
  readonly fetchToken: FetchToken;
  readonly now: () => Date;
  readonly wait?: (ms: number) => Promise<void>;
  /**
   * How long a refresh may take before another process may take over; longer than two calls of `fetchToken` may take.
   */
  readonly leaseMs?: number;
  /** How long a caller waits for somebody else's refresh; longer than the lease, so that a dead holder is survived. */
  readonly longestWaitMs?: number;
  readonly pollMs?: number;
}

/**
 * Source: "获取稳定版接口调用凭据" (developers.weixin.qq.com, api_getstableaccesstoken), read 2026-11: in its last five minutes a
 * token is replaced by the next normal call and both work meanwhile; forced refreshes are 20 a day and 30 s apart.
 * We renew a minute later than WeChat allows: asked too early, it repeats the old token.
 */
export const stableTokenRules = { renewalMs: 300_000, forcedPerDay: 20, forcedApartMs: 30_000 } as const;
const renewBeforeMs = stableTokenRules.renewalMs - 60_000;
/** After a failed or fruitless refresh this process asks again no sooner than this. Ours. */
const pauseAfterFailureMs = 1_000;

export class TokenUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TokenUnavailable";
  }
}

/** Gives out one account's token. Any number may share a store, in one process or many. */
export class TokenCoordinator implements TokenSource {
  readonly #store: TokenStore;
  readonly #fetchToken: FetchToken;
  readonly #now: () => Date;
  readonly #wait: (ms: number) => Promise<void>;
  readonly #leaseMs: number;
  readonly #longestWaitMs: number;
  readonly #pollMs: number;
  #refreshing: Promise<StoredToken> | undefined;
  #failure: { readonly error: unknown; readonly until: number } | undefined;
  /**
   * Till when a token that WeChat gave although it is about to end, or was refused, is used rather than asked for
   * again.
   */
  #keep: { readonly value: string; readonly until: number } | undefined;
  #forcedAt = Number.NEGATIVE_INFINITY;

  constructor(options: TokenCoordinatorOptions) {
    this.#store = options.store;
    this.#fetchToken = options.fetchToken;
    this.#now = options.now;
    this.#wait = options.wait ?? ((ms) => delay(ms));
    this.#leaseMs = options.leaseMs ?? 25_000;
    this.#longestWaitMs = options.longestWaitMs ?? 30_000;
    this.#pollMs = options.pollMs ?? 100;
  }

  /**
   * The stored token, or a fresh one. Throws what `fetchToken` throws, or TokenUnavailable when nobody got one in time.
   */
  async get(): Promise<string> {
    const stored = await this.#store.read();
    return this.#isGood(stored) ? stored.value : (await this.#refresh()).value;
  }

  /**
   * Voids `failed` if it is still the stored value, and gives the token to try instead. Gives `failed` itself only when
   * WeChat insists on it. Throws as `get` does.
   */
  async replace(failed: string): Promise<string> {
    if (!this.#isKept(failed)) await this.#store.invalidate(failed);
    const replacement = await this.get();
    // A refresh under way may have looked at the store just before the value was voided.
    return replacement === failed && !this.#isKept(failed) ? this.get() : replacement;
  }

  #isGood(stored: StoredToken | null): stored is StoredToken {
    if (stored === null) return false;
    const remainingMs = stored.expiresAt.getTime() - this.#nowMs();
    if (this.#isKept(stored.value)) return remainingMs > 0;
    return !stored.voided && remainingMs > renewBeforeMs;
  }

  #isKept(value: string): boolean {
    return this.#keep !== undefined && this.#keep.value === value && this.#nowMs() < this.#keep.until;
  }

  #nowMs(): number {
    return this.#now().getTime();
  }

  /** One refresh at a time in this process; everybody who asks meanwhile gets its outcome. */
  #refresh(): Promise<StoredToken> {
    this.#refreshing ??= this.#refreshOrFallBack().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refreshOrFallBack(): Promise<StoredToken> {
    if (this.#failure !== undefined && this.#nowMs() < this.#failure.until) throw this.#failure.error;
    this.#failure = undefined;
    try {
      return await this.#refreshAcrossProcesses();
    } catch (error) {
      // A token in its last minutes still works: better than failing because the renewal did.
      const stored = await this.#store.read();
      if (stored !== null && !stored.voided && stored.expiresAt.getTime() > this.#nowMs()) {
        this.#keep = { value: stored.value, until: this.#nowMs() + pauseAfterFailureMs };
        return stored;
      }
      this.#failure = { error, until: this.#nowMs() + pauseAfterFailureMs };
      throw error;
    }
  }

  /** Either holds the lease and asks WeChat, or waits until whoever holds it has stored a good token. */
  async #refreshAcrossProcesses(): Promise<StoredToken> {
    const owner = randomUUID();
    for (let waitedMs = 0; waitedMs <= this.#longestWaitMs; waitedMs += this.#pollMs) {
      if (await this.#store.tryLease(owner, this.#leaseMs)) {
        try {
          const stored = await this.#store.read();
          if (this.#isGood(stored)) return stored;
          const fetched = await this.#fetch(stored);
          if (await this.#store.write(owner, fetched)) return { ...fetched, voided: false };
        } finally {
          await this.#store.release(owner);
        }
      } else {
        await this.#wait(this.#pollMs);
      }
      const stored = await this.#store.read();
      if (this.#isGood(stored)) return stored;
    }
    throw new TokenUnavailable(`no access token within ${this.#longestWaitMs} ms`);
  }

  /**
   * Asks normally first: when the old token was voided elsewhere, WeChat already has another. Only if it repeats the
   * value it refuses is the refresh forced, which is rationed; where that too brings nothing new, the value is kept for
   * a while, so that a false alarm costs one refresh and not one for every call.
   */
  async #fetch(stored: StoredToken | null): Promise<AccessToken> {
    let fetched = await this.#fetchToken({ force: false });
    if (stored?.voided === true && fetched.value === stored.value && this.#mayForce()) {
      this.#forcedAt = this.#nowMs();
      fetched = await this.#fetchToken({ force: true });
    }
    const isRefused = stored?.voided === true && fetched.value === stored.value;
    if (isRefused || fetched.expiresAt.getTime() - this.#nowMs() <= renewBeforeMs) {
      this.#keep = { value: fetched.value, until: this.#nowMs() + stableTokenRules.forcedApartMs };
    }
    return fetched;
  }

  #mayForce(): boolean {
    return this.#nowMs() - this.#forcedAt >= stableTokenRules.forcedApartMs;
  }
}

/** A store within this process: for tests, and for programs that are a single process. */
export class MemoryTokenStore implements TokenStore {
  readonly #now: () => Date;
  #token: StoredToken | null = null;
  #lease: { readonly owner: string; readonly until: number } | undefined;

  constructor(now: () => Date) {
    this.#now = now;
  }

  read(): Promise<StoredToken | null> {
    return Promise.resolve(this.#token);
  }

  tryLease(owner: string, ttlMs: number): Promise<boolean> {
    const nowMs = this.#now().getTime();
    if (this.#lease !== undefined && this.#lease.until > nowMs) return Promise.resolve(false);
    this.#lease = { owner, until: nowMs + ttlMs };
    return Promise.resolve(true);
  }

  write(owner: string, token: AccessToken): Promise<boolean> {
    if (this.#lease?.owner !== owner || this.#lease.until <= this.#now().getTime()) return Promise.resolve(false);
    this.#token = { ...token, voided: false };
    return Promise.resolve(true);
  }

  release(owner: string): Promise<void> {
    if (this.#lease?.owner === owner) this.#lease = undefined;
    return Promise.resolve();
  }

  invalidate(value: string): Promise<void> {
    if (this.#token?.value === value) this.#token = { ...this.#token, voided: true };
    return Promise.resolve();
  }

  /** Replaces the token by hand, which ends any lease. */
  replaceByHand(token: AccessToken): void {
    this.#token = { ...token, voided: false };
    this.#lease = undefined;
  }
}
