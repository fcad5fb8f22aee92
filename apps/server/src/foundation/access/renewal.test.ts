import { connect } from "node:net";
import { createClient } from "@zhanggui/kit/contract/client";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { contracts } from "../../contracts.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, testPassword as password, type Member, type TestServer } from "../../testing/test-server.ts";

let server: TestServer;
let owner: Member;
let login: string;

beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
  login = (await owner.api.access.me()).account.login;
});
afterAll(() => server.close());

const signIn = () => server.anonymous().access.login({ login, password });
const refresh = (refreshToken: string) => server.anonymous().access.refresh({ refreshToken });
const meOf = (accessToken: string) => server.anonymous({ authorization: `Bearer ${accessToken}` }).access.me();

/** Renews, and hangs up as soon as the answer begins: the server has done it, and nobody has heard. */
function refreshAndHangUp(refreshToken: string): Promise<void> {
  const { hostname, port } = new URL(server.url);
  const body = JSON.stringify({ refreshToken });
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        `POST /api/sessions/refresh HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\n` +
          `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      );
    });
    socket.once("data", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });
}

describe("a renewal", () => {
  test("whose answer was lost is repeated, and gets what was lost", async () => {
    const first = await signIn();
    await refreshAndHangUp(first.refreshToken);
    const again = await refresh(first.refreshToken);
    expect((await refresh(first.refreshToken)).refreshToken).toBe(again.refreshToken);
    expect(again.refreshToken).not.toBe(first.refreshToken);
    expect(await meOf(again.accessToken)).toBeDefined();
    expect((await refresh(again.refreshToken)).refreshToken).not.toBe(again.refreshToken);
  });

  test("of two at once leaves both with the same token and the session alive, in 400 rounds", async () => {
    let { refreshToken } = await signIn();
    for (let round = 0; round < 400; round++) {
      const [a, b] = await Promise.all([refresh(refreshToken), refresh(refreshToken)]);
      expect(a.refreshToken).toBe(b.refreshToken);
      expect(a.refreshToken).not.toBe(refreshToken);
      ({ refreshToken } = a);
    }
  });

  test("ASVS 10.4.5: a minute later was stolen: it ends the session of both who hold it", async () => {
    const first = await signIn();
    const second = await refresh(first.refreshToken);
    server.clock.advance(61_000);
    expect(await refusal(refresh(first.refreshToken))).toMatchObject({ code: "access.session_ended" });
    expect(await refusal(refresh(second.refreshToken))).toMatchObject({ code: "access.session_ended" });
    expect(await refusal(meOf(second.accessToken))).toMatchObject({ code: "kit.session_expired", errno: 1406 });
  });

  test("ASVS 10.4.5: with an older token than the last ends the session at once", async () => {
    const first = await signIn();
    const second = await refresh(first.refreshToken);
    const third = await refresh(second.refreshToken);
    expect(await refusal(refresh(first.refreshToken))).toMatchObject({ code: "access.session_ended" });
    expect(await refusal(refresh(third.refreshToken))).toMatchObject({ code: "access.session_ended" });
  });

  test("isn't repeated for a session that has ended", async () => {
    const first = await signIn();
    const second = await refresh(first.refreshToken);
    await server.anonymous({ authorization: `Bearer ${second.accessToken}` }).access.logout();
    expect(await refusal(refresh(first.refreshToken))).toMatchObject({ code: "access.session_ended" });
  });

  test("with a made-up token of somebody's session doesn't end it", async () => {
    const { refreshToken } = await signIn();
    const made = [...refreshToken.split(".").slice(0, 2), "x".repeat(43)].join(".");
    expect(await refusal(refresh(made))).toMatchObject({ code: "access.session_ended" });
    expect(await refresh(refreshToken)).toBeDefined();
  });
});

describe("the typed client renews", () => {
  /** A client that counts its calls of `renew`, with a token that the test chooses. */
  function counting(accessToken: string, renew: () => Promise<string | undefined>) {
    const state = { renewals: 0, token: accessToken };
    const api = createClient(contracts, {
      baseUrl: server.url,
      headers: () => ({ authorization: `Bearer ${state.token}` }),
      renew: async () => {
        state.renewals++;
        const next = await renew();
        state.token = next ?? state.token;
        return next !== undefined;
      },
    });
    return { api, state };
  }

  test("an expired session, once, and goes on", async () => {
    const first = await signIn();
    server.clock.advance(61 * 60_000);
    const { api, state } = counting(first.accessToken, async () => (await refresh(first.refreshToken)).accessToken);
    expect(await api.access.me()).toBeDefined();
    expect(state.renewals).toBe(1);
  });

  test("not for a wrong password, nor for a token that was never good", async () => {
    const { accessToken } = await signIn();
    const { api, state } = counting(accessToken, async () => accessToken);
    const change = { currentPassword: "wrong", newPassword: "another horse battery" };
    expect(await refusal(api.access.changePassword(change))).toMatchObject({ code: "access.wrong_credentials" });
    expect(await refusal(api.access.login({ login, password: "wrong" }))).toMatchObject({ status: 401 });
    const forged = counting("forged", async () => accessToken);
    expect(await refusal(forged.api.access.me())).toMatchObject({ code: "kit.unauthenticated" });
    expect([state.renewals, forged.state.renewals]).toEqual([0, 0]);
  });

  test("a session that has ended one time only, also if the renewal claims to have worked", async () => {
    const { accessToken, refreshToken } = await signIn();
    await server.anonymous({ authorization: `Bearer ${accessToken}` }).access.logout();
    const honest = counting(accessToken, async () => undefined);
    expect(await refusal(honest.api.access.me())).toMatchObject({ code: "kit.session_expired" });
    const boasting = counting(accessToken, async () => accessToken);
    expect(await refusal(boasting.api.access.me())).toMatchObject({ code: "kit.session_expired" });
    expect([honest.state.renewals, boasting.state.renewals]).toEqual([1, 1]);
    const { api, state } = counting(accessToken, async () => accessToken);
    expect(await refusal(api.access.refresh({ refreshToken }))).toMatchObject({ code: "access.session_ended" });
    expect(state.renewals).toBe(0);
  });
});
