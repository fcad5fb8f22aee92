import { afterEach, beforeEach, expect, test } from "vitest";
import { type Coverage, type Json, setStage } from "./stage.ts";

export function oauthScenarios(coverage: Coverage): void {
  let stage: Awaited<ReturnType<typeof setStage>>;
  beforeEach(async () => {
    stage = await setStage(coverage);
  });
  afterEach(() => stage.close());
  const target = "https://lantern-tea.example/me?from=menu";
  const authorize = (change: Record<string, string> = {}, init: RequestInit = {}) => {
    const query = new URLSearchParams({
      appid: stage.account.appid,
      redirect_uri: target,
      response_type: "code",
      scope: "snsapi_userinfo",
      state: "spring",
      ...change,
    });
    return fetch(`${stage.emulator.url}/connect/oauth2/authorize?${query}`, { redirect: "manual", ...init });
  };
  const codeOf = (response: Response): string =>
    new URL(response.headers.get("location") ?? "http://none").searchParams.get("code") ?? "";
  const agreed = async (change: Record<string, string> = {}): Promise<string> =>
    codeOf(await authorize({ puppet: stage.puppet.id, agree: "1", ...change }));
  const sns = async (path: string, query: Record<string, string>): Promise<Json> => {
    const answer = (await (await fetch(`${stage.emulator.url}${path}?${new URLSearchParams(query)}`)).json()) as Json;
    if ((answer["errcode"] ?? 0) === 0) coverage.paths.add(path);
    return answer;
  };
  const exchange = (code: string): Promise<Json> => {
    const { appid, secret } = stage.account;
    return sns("/sns/oauth2/access_token", { appid, secret, code, grant_type: "authorization_code" });
  };
  const refresh = (token: string): Promise<Json> =>
    sns("/sns/oauth2/refresh_token", {
      appid: stage.account.appid,
      grant_type: "refresh_token",
      refresh_token: token,
    });

  test("consent gives a code, the code a token, the token a name", async () => {
    const page = await authorize();
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await page.text()).toContain("允许");
    const body = new URLSearchParams({ puppet: stage.puppet.id, answer: "allow" });
    const back = await authorize({}, { method: "POST", body });
    expect(back.status).toBe(302);
    const location = back.headers.get("location") ?? "";
    expect(location).toMatch(/^https:\/\/lantern-tea\.example\/me\?from=menu&code=\w{32}&state=spring$/);
    const token = await exchange(codeOf(back));
    expect(token).toMatchObject({ expires_in: 7200, openid: stage.openid(), scope: "snsapi_userinfo" });
    const of = { access_token: String(token["access_token"]), openid: stage.openid() };
    expect(await sns("/sns/userinfo", of)).toMatchObject({ openid: stage.openid(), nickname: "小茶" });
    expect(await sns("/sns/auth", of)).toEqual({ errcode: 0, errmsg: "ok" });
    expect(await sns("/sns/auth", { ...of, openid: "oNobody" })).toMatchObject({ errcode: 40003 });
    expect(await sns("/sns/auth", { ...of, access_token: "none" })).toMatchObject({ errcode: 40014 });
    // Whoever agreed once is known: snsapi_base asks nothing.
    const cookie = back.headers.get("set-cookie")?.split(";")[0] ?? "";
    expect((await authorize({ scope: "snsapi_base" }, { headers: { cookie } })).status).toBe(302);
  });

  test("whoever is asked for stands first, among however many; the page's own query stays as it was", async () => {
    await stage.followers(600);
    const page = await (await authorize({ puppet: "fan-599" })).text();
    expect(page).toContain('<option value="fan-599" selected>');
    const odd = "https://lantern-tea.example/me?a=b%20c~#top";
    const back = await authorize({ puppet: "fan-599", agree: "1", redirect_uri: odd });
    expect(back.headers.get("location")).toMatch(
      /^https:\/\/lantern-tea\.example\/me\?a=b%20c~&code=\w{32}&state=spring#top$/,
    );
  });

  test("who refuses goes nowhere", async () => {
    const body = new URLSearchParams({ puppet: stage.puppet.id, answer: "deny" });
    const page = await authorize({}, { method: "POST", body });
    expect([page.status, page.headers.get("location")]).toEqual([200, null]);
  });

  test("a code is good once, for five minutes, for its own account", async () => {
    const code = await agreed();
    const other = stage.emulator.world.createAccount({ name: "另一家" });
    const foreign = { appid: other.appid, secret: other.secret, code, grant_type: "authorization_code" };
    expect(await sns("/sns/oauth2/access_token", foreign)).toMatchObject({ errcode: 40029 });
    expect(await exchange(code)).toHaveProperty("access_token");
    expect(await exchange(code)).toMatchObject({ errcode: 40163 });
    const late = await agreed();
    stage.emulator.world.setClock(300_000);
    expect(await exchange(late)).toMatchObject({ errcode: 42003 });
    expect(await exchange("none")).toMatchObject({ errcode: 40029 });
    expect(await exchange("")).toMatchObject({ errcode: 41008 });
  });

  test("a token lives two hours, its refresh token thirty days; base tells no name", async () => {
    const { access_token: token, refresh_token: more, openid } = await exchange(await agreed({ scope: "snsapi_base" }));
    const of = { access_token: String(token), openid: String(openid) };
    expect(await sns("/sns/userinfo", of)).toMatchObject({ errcode: 48001 });
    expect(await refresh(String(more))).toMatchObject({ access_token: token });
    stage.emulator.world.setClock(7_200_000);
    expect(await sns("/sns/auth", of)).toMatchObject({ errcode: 42001 });
    const renewed = await refresh(String(more));
    expect(renewed["access_token"]).not.toBe(token);
    expect(renewed["refresh_token"]).toBe(more);
    expect(await refresh("none")).toMatchObject({ errcode: 40030 });
    stage.emulator.world.setClock(30 * 86_400_000);
    expect(await refresh(String(more))).toMatchObject({ errcode: 42002 });
  });

  test.each([
    ["another response type", { response_type: "token" }, "10012"],
    ["an unknown account", { appid: "wx0" }, "10012"],
    ["no address", { redirect_uri: "nowhere" }, "10012"],
    ["a scope that doesn't exist", { scope: "snsapi_all" }, "10016"],
    ["a host that isn't the account's", { redirect_uri: "https://elsewhere.example/" }, "10003"],
    ["a script as an address", { redirect_uri: "javascript:alert(1)" }, "10003"],
  ])("%s is told on the page, and nobody is sent anywhere", async (_name, change, code) => {
    stage.emulator.world.changeAccount(stage.account.appid, { oauthDomains: ["lantern-tea.example"] });
    const page = await authorize({ puppet: stage.puppet.id, agree: "1", ...change });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain(code);
  });

  test("a subscription account may not ask, and its page says why", async () => {
    stage.emulator.world.changeAccount(stage.account.appid, { kind: "subscription" });
    expect(await (await authorize()).text()).toContain("10005");
  });

  test("a name with markup is only a name", async () => {
    stage.emulator.world.changeAccount(stage.account.appid, { name: '<b>"茶"</b>' });
    stage.emulator.world.createPuppet({ name: "<script>" });
    const html = await (await authorize()).text();
    expect(html).not.toMatch(/<b>|<script>/);
  });

  test("the JS-SDK's ticket stays the same for two hours", async () => {
    const ticket = () => stage.api("/cgi-bin/ticket/getticket", undefined, { type: "jsapi" });
    const first = await ticket();
    expect(first).toMatchObject({ errcode: 0, expires_in: 7200 });
    expect((await ticket())["ticket"]).toBe(first["ticket"]);
    stage.emulator.world.setClock(7_200_000);
    expect((await ticket())["ticket"]).not.toBe(first["ticket"]);
    expect(await stage.errcodeOf("/cgi-bin/ticket/getticket", undefined, { type: "song" })).toBe(40097);
  });
}
