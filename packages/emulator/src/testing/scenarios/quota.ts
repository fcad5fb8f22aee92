import { request } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Coverage, type Json, setStage } from "./stage.ts";

export function quotaScenarios(coverage: Coverage): void {
  let stage: Awaited<ReturnType<typeof setStage>>;
  beforeEach(async () => {
    stage = await setStage(coverage);
  });
  afterEach(() => stage.close());
  const quota = async (cgi_path: string): Promise<unknown> =>
    (await stage.api("/cgi-bin/openapi/quota/get", { cgi_path }))["quota"];
  const token = async (headers: Record<string, string> = {}): Promise<Json> => {
    const { appid, secret } = stage.account;
    const query = new URLSearchParams({ grant_type: "client_credential", appid, secret });
    const answer = (await (await fetch(`${stage.emulator.url}/cgi-bin/token?${query}`, { headers })).json()) as Json;
    if (answer["access_token"] !== undefined) coverage.paths.add("/cgi-bin/token").add("/cgi-bin/stable_token");
    return answer;
  };

  test("a quota is told, used up, and cleared: of one call, of all, by secret", async () => {
    stage.emulator.world.changeAccount(stage.account.appid, { dailyLimits: { "/cgi-bin/menu/delete": 2 } });
    const take = () => stage.errcodeOf("/cgi-bin/menu/delete");
    expect([await take(), await take(), await take()]).toEqual([0, 0, 45009]);
    expect(await quota("/cgi-bin/menu/delete")).toEqual({ daily_limit: 2, used: 2, remain: 0 });
    const one = { cgi_path: "/cgi-bin/menu/delete" };
    expect(await stage.errcodeOf("/cgi-bin/openapi/quota/clear", one)).toBe(0);
    expect(await take()).toBe(0);
    expect(await stage.errcodeOf("/cgi-bin/clear_quota", { appid: stage.account.appid })).toBe(0);
    expect(await quota("/cgi-bin/menu/delete")).toEqual({ daily_limit: 2, used: 0, remain: 2 });
    const secret = { appid: stage.account.appid, appsecret: stage.account.secret };
    expect(await stage.errcodeOf("/cgi-bin/clear_quota/v2", secret)).toBe(0);
    for (let more = 0; more < 7; more += 1) await stage.errcodeOf("/cgi-bin/clear_quota/v2", secret);
    expect(await stage.errcodeOf("/cgi-bin/clear_quota/v2", secret)).toBe(48006);
    stage.emulator.world.setClock(32 * 86_400_000);
    expect(await stage.errcodeOf("/cgi-bin/clear_quota/v2", secret)).toBe(0);
  });

  test.each([
    ["/cgi-bin/clear_quota", {}, 41002],
    ["/cgi-bin/clear_quota", { appid: "wx0" }, 40013],
    ["/cgi-bin/clear_quota/v2", {}, 41002],
    ["/cgi-bin/clear_quota/v2", { appid: "wx0" }, 41004],
    ["/cgi-bin/clear_quota/v2", { appid: "wx0", appsecret: "x" }, 40013],
    ["/cgi-bin/openapi/quota/get", { cgi_path: "cgi-bin/token" }, 76003],
    ["/cgi-bin/openapi/quota/get", { cgi_path: "/cgi-bin/none" }, 76021],
    ["/cgi-bin/openapi/quota/get", { cgi_path: "/sns/userinfo" }, 76022],
    ["/cgi-bin/openapi/rid/get", { rid: "none" }, 76001],
  ])("%s with %j is %i", async (path, body, errcode) => {
    expect(await stage.errcodeOf(path, body)).toBe(errcode);
  });

  test("a wrong secret clears nothing", async () => {
    const wrong = { appid: stage.account.appid, appsecret: "x" };
    expect(await stage.errcodeOf("/cgi-bin/clear_quota/v2", wrong)).toBe(40125);
  });

  test("a call's limit of the minute ends with the minute", async () => {
    let sendings = 0;
    const send = () => {
      const text = { content: `第${(sendings += 1)}条` };
      return stage.errcodeOf("/cgi-bin/message/mass/sendall", { filter: { is_to_all: true }, msgtype: "text", text });
    };
    stage.emulator.world.setClock(60_000 - (Date.now() % 60_000));
    for (let sent = 0; sent < 60; sent += 1) expect(await send()).toBe(0);
    expect(await send()).toBe(45011);
    expect(await stage.api("/cgi-bin/openapi/quota/get", { cgi_path: "/cgi-bin/message/mass/sendall" })).toMatchObject({
      rate_limit: { call_count: 60, refresh_second: 60 },
    });
    stage.emulator.world.setClock(120_000);
    expect(await send()).toBe(0);
  });

  test("a rid leads to the call that was refused", async () => {
    const refused = await stage.api("/cgi-bin/tags/delete", { tag: { id: 999 } });
    const rid = / rid: (\S+)$/.exec(String(refused["errmsg"]))?.[1];
    const { request: found } = await stage.api("/cgi-bin/openapi/rid/get", { rid });
    expect(found).toMatchObject({
      request_body: '{"tag":{"id":999}}',
      request_url: expect.stringContaining("token=***"),
    });
  });

  test("addresses, and a white list that only tokens ask for", async () => {
    expect(await stage.api("/cgi-bin/get_api_domain_ip")).toHaveProperty("ip_list");
    expect(await stage.api("/cgi-bin/getcallbackip")).toHaveProperty("ip_list");
    expect((await token())["expires_in"]).toBe(7200);
    stage.emulator.world.changeAccount(stage.account.appid, { ipWhitelist: ["203.0.113.7"] });
    const refused = await token();
    expect(refused).toMatchObject({ errcode: 40164 });
    expect(refused["errmsg"]).toMatch(/^invalid ip 127\.0\.0\.1 ipv6 ::ffff:127\.0\.0\.1, not in whitelist rid: /);
    expect((await token({ "x-emulator-address": "203.0.113.7" }))["errcode"]).toBeUndefined();
  });

  test.each([
    ["service", true, {}],
    ["service", false, { users: 48001, qrcode: 48001, mass: 48001, custom: 48001, template: 48001, media: 48001 }],
    ["subscription", true, { qrcode: 48001, template: 48001 }],
    [
      "subscription",
      false,
      { menu: 48001, users: 48001, qrcode: 48001, mass: 48001, custom: 48001, template: 48001, media: 48001 },
    ],
  ] as const)("a %s account, verified: %s, may call what its kind may", async (kind, isVerified, refused) => {
    stage.emulator.world.changeAccount(stage.account.appid, { kind, isVerified });
    const codes = {
      menu: await stage.errcodeOf("/cgi-bin/menu/delete"),
      users: await stage.errcodeOf("/cgi-bin/user/get"),
      qrcode: await stage.errcodeOf("/cgi-bin/qrcode/create", {
        action_name: "QR_SCENE",
        action_info: { scene: { scene_id: 1 } },
      }),
      mass: await stage.errcodeOf("/cgi-bin/message/mass/speed/get", {}),
      custom: (await stage.errcodeOf("/cgi-bin/message/custom/send", { touser: "x" })) === 48001 ? 48001 : 0,
      template: await stage.errcodeOf("/cgi-bin/template/get_all_private_template"),
      media: await stage.errcodeOf("/cgi-bin/material/get_materialcount"),
      own: await stage.errcodeOf("/cgi-bin/get_current_selfmenu_info"),
    };
    const allowed = { menu: 0, users: 0, qrcode: 0, mass: 0, custom: 0, template: 0, media: 0, own: 0 };
    expect(codes).toEqual({ ...allowed, ...refused });
  });

  test("a path that nobody serves is answered in WeChat's form, and stands in the journal", async () => {
    for (const path of ["/wxa/business/getliveinfo", "/nothing/at/all", "/cgi-bin/none"]) {
      const answer = await fetch(`${stage.emulator.url}${path}?access_token=x`, { method: "POST", body: "{}" });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ errcode: 40066 });
    }
    const notes = stage.emulator.world.journal({ text: "not emulated" }).map(({ what }) => what);
    expect(notes).toEqual(["wxa/business/getliveinfo", "nothing/at/all", "none"]);
  });

  test("the journal says where a call isn't as documented", async () => {
    await stage.api("/cgi-bin/tags/create", { tag: { name: "常客", colour: "red" }, extra: 1 });
    const [entry] = stage.emulator.world.journal({ text: "tags/create" });
    expect(entry?.deviations.join(" ")).toMatch(/tag: .*colour.*body: .*extra/);
  });

  test("no name but ours reads or controls the emulator", async () => {
    const ask = (host: string) =>
      new Promise<number | undefined>((done, fail) => {
        const { port } = new URL(stage.emulator.url);
        const sent = request({ port, host: "127.0.0.1", path: "/emulator/world", headers: { host } }, (reply) => {
          reply.resume();
          done(reply.statusCode);
        });
        sent.on("error", fail).end();
      });
    expect(await ask("rebound.example")).toBe(403);
    expect(await ask("rebound.example:8791")).toBe(403);
    expect([
      await ask("localhost"),
      await ask("127.0.0.1:8791"),
      await ask("[::1]"),
      await ask("emulator:8791"),
    ]).toEqual([200, 200, 200, 200]);
  });

  test("a clock that no date can show is refused, and the world goes on", async () => {
    const turn = (offsetMs: number) =>
      fetch(`${stage.emulator.url}/emulator/clock`, {
        method: "PUT",
        body: JSON.stringify({ offsetMs }),
        headers: { "content-type": "application/json" },
      });
    expect((await turn(9e15)).status).toBe(400);
    expect(() => stage.emulator.world.setClock(9e15)).toThrow();
    expect((await token())["errcode"]).toBeUndefined();
  });
}
