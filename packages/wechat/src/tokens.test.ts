import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { MemoryTokenStore, stableTokenRules, TokenCoordinator, TokenUnavailable } from "./tokens.ts";
import type { AccessToken, TokenCoordinatorOptions } from "./tokens.ts";

/** WeChat's side of stable_token: repeats its token until it is voided or nearly over. */
class StableToken {
  current: AccessToken | undefined;
  issued = 0;
  asked = 0;
  forced = 0;
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  give(force: boolean): AccessToken {
    this.asked += 1;
    if (force) this.forced += 1;
    const remainingMs = (this.current?.expiresAt.getTime() ?? 0) - this.#now().getTime();
    if (this.current === undefined || force || remainingMs < stableTokenRules.renewalMs) {
      this.issued += 1;
      this.current = { value: `token-${this.issued}`, expiresAt: new Date(this.#now().getTime() + 7_200_000) };
    }
    return this.current;
  }
}

/** A clock that is turned by hand and by waiting; waiting lets everything else that is ready run first. */
class Clock {
  ms = 1_714_112_445_000;
  readonly now = (): Date => new Date(this.ms);
  readonly wait = async (ms: number): Promise<void> => {
    this.ms += ms;
    await new Promise((resolve) => setImmediate(resolve));
  };
}

function world(changes: Partial<TokenCoordinatorOptions> = {}) {
  const clock = new Clock();
  const store = new MemoryTokenStore(clock.now);
  const wechat = new StableToken(clock.now);
  const coordinator = (more: Partial<TokenCoordinatorOptions> = {}): TokenCoordinator =>
    new TokenCoordinator({
      store,
      fetchToken: async ({ force }) => {
        await Promise.resolve();
        return wechat.give(force);
      },
      now: clock.now,
      wait: clock.wait,
      ...changes,
      ...more,
    });
  return { clock, store, wechat, coordinator };
}

describe("one coordinator", () => {
  test("asks once for many callers, with one lease, and not again while the token is good", async () => {
    const { store, wechat, coordinator } = world();
    const tokens = coordinator();
    const leases = vi.spyOn(store, "tryLease");
    const values = await Promise.all(Array.from({ length: 50 }, () => tokens.get()));
    expect(new Set(values)).toEqual(new Set(["token-1"]));
    await tokens.get();
    expect(wechat.asked).toBe(1);
    expect(leases).toHaveBeenCalledTimes(1);
  });

  test("does not give the refused token back from a refresh that began before the refusal", async () => {
    const { clock, store, wechat, coordinator } = world();
    const tokens = coordinator();
    const refused = { value: "refused", expiresAt: new Date(clock.ms + 7_200_000) };
    const opened = Promise.withResolvers<void>();
    const reads = vi.spyOn(store, "read");
    // The first caller finds nothing, takes the lease, and looks again: by then another process has stored a token.
    reads.mockResolvedValueOnce(null).mockImplementationOnce(async () => {
      store.replaceByHand(refused);
      await opened.promise;
      return { ...refused, voided: false };
    });
    const first = tokens.get();
    await expect.poll(() => reads.mock.calls.length).toBe(2);
    const second = tokens.replace("refused");
    await expect.poll(() => reads.mock.calls.length).toBe(3);
    opened.resolve();
    expect(await first).toBe("refused");
    expect(await second).toBe("token-1");
    expect(wechat.asked).toBe(1);
  });

  test("renews in the last minutes, when WeChat gives another", async () => {
    const { clock, wechat, coordinator } = world();
    const tokens = coordinator();
    await tokens.get();
    clock.ms += 7_200_000 - stableTokenRules.renewalMs - 1;
    expect(await tokens.get()).toBe("token-1");
    expect(wechat.asked).toBe(1);
    clock.ms += 61_000;
    expect(await tokens.get()).toBe("token-2");
    expect(wechat.asked).toBe(2);
  });

  test("a late complaint about the previous token does not throw the new one away", async () => {
    const { wechat, coordinator } = world();
    const tokens = coordinator();
    await tokens.get();
    wechat.current = undefined;
    expect(await tokens.replace("token-1")).toBe("token-2");
    expect(await tokens.replace("token-1")).toBe("token-2");
    expect(wechat.asked).toBe(2);
  });

  test("forces another token when WeChat repeats the one it refuses, once in thirty seconds", async () => {
    const { clock, wechat, coordinator } = world();
    const tokens = coordinator();
    await tokens.get();
    expect(await tokens.replace("token-1")).toBe("token-2");
    expect(wechat.forced).toBe(1);
    expect(await tokens.replace("token-2")).toBe("token-2");
    expect(await tokens.replace("token-2")).toBe("token-2");
    expect({ forced: wechat.forced, asked: wechat.asked }).toEqual({ forced: 1, asked: 4 });
    clock.ms += stableTokenRules.forcedApartMs;
    expect(await tokens.replace("token-2")).toBe("token-3");
    expect(wechat.forced).toBe(2);
  });

  test("a token replaced by hand is used by the next call and survives an older refresh", async () => {
    const { clock, store, coordinator } = world();
    const byHand = { value: "by-hand", expiresAt: new Date(clock.ms + 7_200_000) };
    let begun = false;
    const tokens = coordinator({
      fetchToken: () => {
        begun = true;
        store.replaceByHand(byHand);
        return Promise.resolve({ value: "from-an-older-refresh", expiresAt: byHand.expiresAt });
      },
    });
    expect(await tokens.get()).toBe("by-hand");
    expect(begun).toBe(true);
    store.replaceByHand({ ...byHand, value: "by-hand-again" });
    expect(await tokens.get()).toBe("by-hand-again");
  });

  test("a failed renewal keeps the token that still works; without one it fails, and not anew for every call", async () => {
    const { clock, wechat, coordinator } = world();
    let fails = false;
    let asked = 0;
    const tokens = coordinator({
      fetchToken: ({ force }) => {
        asked += 1;
        return fails ? Promise.reject(new Error("down")) : Promise.resolve(wechat.give(force));
      },
    });
    await tokens.get();
    fails = true;
    clock.ms += 7_200_000 - 60_000;
    expect([await tokens.get(), await tokens.get()]).toEqual(["token-1", "token-1"]);
    expect(asked).toBe(2);
    clock.ms += 60_000;
    await expect(tokens.get()).rejects.toThrow("down");
    await expect(tokens.get()).rejects.toThrow("down");
    expect(asked).toBe(3);
    fails = false;
    clock.ms += 1_000;
    expect(await tokens.get()).toBe("token-2");
  });
});

describe("many coordinators on one store", () => {
  test("a dead holder's lease runs out and another takes over", async () => {
    const { store, coordinator } = world();
    await store.tryLease("a process that died", 25_000);
    expect(await coordinator().get()).toBe("token-1");
  });

  test("waiting has an end", async () => {
    const { store, clock, coordinator } = world({ longestWaitMs: 1_000 });
    await store.tryLease("a slow process", 60_000);
    const before = clock.ms;
    await expect(coordinator().get()).rejects.toThrow(TokenUnavailable);
    expect(clock.ms - before).toBeLessThanOrEqual(1_200);
  });

  test("a holder whose lease ran out cannot overwrite its successor's token", async () => {
    const { clock, store } = world();
    await store.tryLease("slow", 100);
    clock.ms += 100;
    expect(await store.tryLease("fast", 100)).toBe(true);
    const token = { value: "fresh", expiresAt: new Date(clock.ms + 7_200_000) };
    expect(await store.write("fast", token)).toBe(true);
    expect(await store.write("slow", { ...token, value: "old" })).toBe(false);
    await store.release("slow");
    expect(await store.tryLease("third", 100)).toBe(false);
    expect(await store.read()).toEqual({ ...token, voided: false });
  });
});

/**
 * One run: coordinators over one store, whose every step waits its turn with the scheduler; some steps are callers of
 * three calls each, some void the token at WeChat, some let any lease run out.
 */
async function race(scheduler: fc.Scheduler, processes: number, steps: readonly string[]) {
  const clock = new Clock();
  const memory = new MemoryTokenStore(clock.now);
  const wechat = new StableToken(clock.now);
  let voidings = 0;
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> =>
    scheduler.schedule(Promise.resolve()).then(work);
  const coordinators = Array.from({ length: processes }, () => {
    return new TokenCoordinator({
      store: {
        read: () => inTurn(() => memory.read()),
        tryLease: (owner, ttlMs) => inTurn(() => memory.tryLease(owner, ttlMs)),
        write: (owner, token) => inTurn(() => memory.write(owner, token)),
        release: (owner) => inTurn(() => memory.release(owner)),
        invalidate: (value) => inTurn(() => memory.invalidate(value)),
      },
      fetchToken: async ({ force }) => {
        const token = await inTurn(() => Promise.resolve(wechat.give(force)));
        return inTurn(() => Promise.resolve(token));
      },
      now: clock.now,
      wait: (ms) => inTurn(() => Promise.resolve(ms)).then(() => undefined),
      longestWaitMs: 1_000_000,
    });
  });
  const callThrice = async (tokens: TokenCoordinator): Promise<void> => {
    for (let call = 0; call < 3; call += 1) {
      let value = await tokens.get();
      // WeChat checks the value; each further round needs a voiding in between.
      for (let round = 0; !(await inTurn(() => Promise.resolve(wechat.current?.value === value))); round += 1) {
        expect(round).toBeLessThanOrEqual(voidings);
        value = await tokens.replace(value);
      }
    }
  };
  const perform: Record<string, (at: number) => Promise<void>> = {
    call: (at) => callThrice(coordinators[at % processes]!),
    void: async (at) => {
      // Spread over the run: all at once, they would count as one.
      for (let turn = 0; turn < at * 3; turn += 1) await inTurn(() => Promise.resolve());
      if (wechat.current !== undefined) voidings += 1;
      wechat.current = undefined;
    },
    leaseRunsOut: () => {
      clock.ms += 25_000;
      return Promise.resolve();
    },
  };
  memory.replaceByHand(wechat.give(false));
  await scheduler.waitFor(Promise.all(steps.map((step, at) => inTurn(() => perform[step]!(at)))));
  return { asked: wechat.asked, issued: wechat.issued, forced: wechat.forced, voidings };
}

describe("any interleaving of two or three processes", () => {
  const processes = fc.integer({ min: 2, max: 3 });
  const stepsOf = (...kinds: string[]) =>
    fc.array(fc.constantFrom(...kinds), { minLength: 8, maxLength: 30, size: "max" });

  test("one refresh for each voiding, none forced, and every caller ends with a good token", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), processes, stepsOf("call", "call", "void"), async (scheduler, count, steps) => {
        const { asked, issued, forced, voidings } = await race(scheduler, count, steps);
        expect(asked).toBeLessThanOrEqual(voidings + 1);
        expect(asked).toBe(issued);
        expect(forced).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  test("even where leases run out, every caller ends with a good token and none is forced", async () => {
    const steps = stepsOf("call", "call", "void", "leaseRunsOut");
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), processes, steps, async (scheduler, count, chosen) => {
        const { issued, forced, voidings } = await race(scheduler, count, chosen);
        expect(issued).toBeLessThanOrEqual(voidings + 1);
        expect(forced).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
