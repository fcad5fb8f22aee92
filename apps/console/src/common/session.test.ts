import { ApiProblem } from "@zhanggui/kit/contract/problem";
import { describe, expect, test, vi } from "vitest";
import { type Me, signedInKey, type Session, SessionKeeper } from "./session.ts";

const me: Me = {
  tenant: { id: "0199f0c0-0000-7000-8000-000000000001", name: "灯笼茶", zone: "Asia/Shanghai" },
  terms: { plan: "partner", state: "active", expiresAt: null, because: "" },
  impersonation: null,
  factorDue: null,
  account: {
    id: "0199f0c0-0000-7000-8000-000000000002",
    login: "owner",
    displayName: "阿青",
    roles: [],
    disabled: false,
    createdAt: "2026-11-20T00:00:00.000Z",
  },
  permissions: [],
};
const problem = { type: "about:blank", title: "", status: 401, traceId: "t" };
const ended = new ApiProblem({ ...problem, detail: "登录状态已失效，请重新登录。", code: "access.session_ended" });
const unkeptCookie = new ApiProblem({ ...problem, detail: "浏览器没有保存", code: "access.cookie_missing" });

/**
 * The server's side of a session: each refresh token is good once, and one that comes twice ends the session, unless
 * its answer was lost.
 */
class Server {
  current = "r0";
  lostAnswers = 0;
  #lost: string | undefined;
  calls = 0;
  isEnded = false;
  isDown = false;
  /** Whose session it is. */
  me = me;

  issue(): Session {
    return {
      accessToken: `access-${this.current}`,
      accessExpiresAt: "2026-11-20T01:00:00.000Z",
      refreshToken: this.current,
      refreshExpiresAt: "2026-12-20T00:00:00.000Z",
      me: this.me,
    };
  }

  async refresh(token: string): Promise<Session> {
    this.calls += 1;
    await Promise.resolve();
    if (this.isDown) throw new TypeError("failed to fetch");
    if (this.isEnded || (token !== this.current && token !== this.#lost)) {
      this.isEnded = true;
      throw ended;
    }
    this.current = `r${this.calls}`;
    this.#lost = this.lostAnswers > 0 ? token : undefined;
    if (this.#lost === undefined) return this.issue();
    this.lostAnswers -= 1;
    throw new TypeError("failed to fetch");
  }
}

/** Like `navigator.locks` of one origin: one holder after the other, whichever tab asks. */
function lockManager(): Pick<LockManager, "request"> {
  let last: Promise<unknown> = Promise.resolve();
  const request = (_name: string, work: () => Promise<unknown>): Promise<unknown> => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
  return { request: request as LockManager["request"] };
}

function browser(server: Server) {
  const mark = `${me.tenant.id}.${me.account.id}`;
  const stored = new Map<string, string>([[signedInKey, mark]]);
  /** What the browser's cookie holds: only an answer that arrives changes it. */
  let cookie = server.current;
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  };
  const locks = lockManager();
  const tab = () => {
    const seen: (Me | null)[] = [];
    const onChange = (now: Me | null): void => void seen.push(now);
    const moved = vi.fn<() => void>();
    const unkept = vi.fn<(error: ApiProblem) => void>();
    const refresh = async () => {
      const session = await server.refresh(cookie);
      cookie = session.refreshToken;
      return { ...session, refreshToken: "" };
    };
    const keeper = new SessionKeeper({ storage, locks, refresh, onChange, onMoved: moved, onUnkept: unkept });
    return { keeper, seen, moved, unkept };
  };
  return { stored, mark, tab, cookie: () => cookie };
}

describe("renewal", () => {
  test("calls that expire together renew once", async () => {
    const server = new Server();
    const { keeper } = browser(server).tab();
    expect(await Promise.all([keeper.renew(), keeper.renew(), keeper.renew()])).toEqual([true, true, true]);
    expect(server.calls).toBe(1);
    expect(keeper.token).toBe("access-r1");
  });

  test("after it a later expiry renews again, with what came last", async () => {
    const server = new Server();
    const { cookie, stored, mark, tab } = browser(server);
    const { keeper } = tab();
    await keeper.renew();
    await keeper.renew();
    expect(server.calls).toBe(2);
    expect(cookie()).toBe("r2");
    expect([...stored]).toEqual([[signedInKey, mark]]);
  });

  test("tabs take turns and never send the same token twice", async () => {
    const server = new Server();
    const { tab } = browser(server);
    const tabs = Array.from({ length: 5 }, tab);
    expect(await Promise.all(tabs.map(({ keeper }) => keeper.renew()))).toEqual(Array(5).fill(true));
    expect(server.isEnded).toBe(false);
    expect(server.calls).toBe(5);
  });

  test("what one account began goes on in nobody else's name, who signed in from another tab", async () => {
    const server = new Server();
    const { tab } = browser(server);
    const [mine, signedOut, theirs] = [tab(), tab(), tab()];
    await mine.keeper.renew();
    await signedOut.keeper.renew();
    signedOut.keeper.storedElsewhere(signedInKey, null);
    server.me = { ...me, account: { ...me.account, id: "0199f0c0-0000-7000-8000-000000000003" } };
    theirs.keeper.begin(server.issue());
    expect(await mine.keeper.renew()).toBe(false);
    expect(await signedOut.keeper.renew()).toBe(false);
    expect(mine.seen).toEqual([me, server.me]);
    expect(await theirs.keeper.renew()).toBe(true);
    expect(await mine.keeper.renew()).toBe(true);
  });

  test("a session that the server ended is forgotten", async () => {
    const server = new Server();
    server.isEnded = true;
    const { stored, tab } = browser(server);
    const { keeper, seen } = tab();
    expect(await keeper.renew()).toBe(false);
    expect(stored.has(signedInKey)).toBe(false);
    expect(seen).toEqual([null]);
  });

  test("that the browser kept no cookie is said to who has just signed in, and to nobody else", async () => {
    const server = new Server();
    vi.spyOn(server, "refresh").mockRejectedValue(unkeptCookie);
    const { tab } = browser(server);
    const [reloaded, fresh] = [tab(), tab()];
    expect(await reloaded.keeper.renew()).toBe(false);
    expect(reloaded.unkept).not.toHaveBeenCalled();
    fresh.keeper.begin(server.issue());
    expect(await fresh.keeper.renew()).toBe(false);
    expect(fresh.unkept).toHaveBeenCalledExactlyOnceWith(unkeptCookie);
    expect(fresh.seen).toEqual([me, null]);
  });

  test("an answer that was lost is asked for once more", async () => {
    const server = new Server();
    server.lostAnswers = 1;
    const { cookie, tab } = browser(server);
    const { keeper } = tab();
    expect(await keeper.renew()).toBe(true);
    expect(server.calls).toBe(2);
    expect(cookie()).toBe("r2");
  });

  test("a server that can't be reached ends nothing", async () => {
    const server = new Server();
    server.isDown = true;
    const { stored, mark, tab } = browser(server);
    const { keeper, seen } = tab();
    await expect(keeper.renew()).rejects.toThrow("failed to fetch");
    expect(stored.get(signedInKey)).toBe(mark);
    expect(seen).toEqual([]);
    server.isDown = false;
    expect(await keeper.renew()).toBe(true);
  });
});

describe("signing out", () => {
  test("while a renewal is under way wins over it", async () => {
    const server = new Server();
    const { stored, tab } = browser(server);
    const { keeper, seen } = tab();
    await Promise.all([keeper.renew(), keeper.end()]);
    expect(keeper.token).toBeUndefined();
    expect(stored.has(signedInKey)).toBe(false);
    expect(seen.at(-1)).toBeNull();
  });

  test("in one tab signs out the others", async () => {
    const server = new Server();
    const { tab } = browser(server);
    const [first, second] = [tab(), tab()];
    await first.keeper.renew();
    await second.keeper.renew();
    await first.keeper.end();
    second.keeper.storedElsewhere(signedInKey, null);
    expect(second.keeper.token).toBeUndefined();
    expect(second.seen).toEqual([me, null]);
    expect(await second.keeper.renew()).toBe(false);
    expect(server.calls).toBe(2);
  });

  test("is not what another tab's renewal means", async () => {
    const server = new Server();
    const { tab } = browser(server);
    const { keeper, moved } = tab();
    keeper.storedElsewhere(signedInKey, "elsewhere.another");
    await keeper.renew();
    keeper.storedElsewhere(signedInKey, `${me.tenant.id}.another`);
    keeper.storedElsewhere("zhanggui.language", null);
    expect(keeper.token).toBe("access-r1");
    expect(moved).not.toHaveBeenCalled();
  });

  test("that another tab went on in another business is told, and nothing is renewed there from here", async () => {
    const server = new Server();
    const { stored, tab } = browser(server);
    const { keeper, moved, seen } = tab();
    await keeper.renew();
    const elsewhere = "0199f0c0-0000-7000-8000-000000000009.account";
    stored.set(signedInKey, elsewhere);
    keeper.storedElsewhere(signedInKey, elsewhere);
    expect(moved).toHaveBeenCalledOnce();
    expect(await keeper.renew()).toBe(false);
    expect(server.calls).toBe(1);
    // What is on its page stays there until somebody follows.
    expect(seen).toEqual([me]);
  });
});

test("an access token is fresh until its margin", () => {
  const server = new Server();
  const { keeper } = browser(server).tab();
  const expiry = Date.parse("2026-11-20T01:00:00.000Z");
  expect(keeper.isFresh(0, 0)).toBe(false);
  keeper.begin(server.issue());
  expect(keeper.isFresh(expiry - 60_001, 60_000)).toBe(true);
  expect(keeper.isFresh(expiry - 60_000, 60_000)).toBe(false);
});
