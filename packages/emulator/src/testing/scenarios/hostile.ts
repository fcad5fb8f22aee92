import { request } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { restoreWorld, saveWorld } from "../../memory/world.ts";
import { SavedWorld } from "../../memory/shape.ts";
import { type Coverage, files, type Json, setStage } from "./stage.ts";

/** What broke it once: each of these ended a process, a file or a promise. */
export function hostileScenarios(coverage: Coverage): void {
  let stage: Awaited<ReturnType<typeof setStage>>;
  beforeEach(async () => {
    stage = await setStage(coverage);
  });
  afterEach(() => stage.close());
  const token = async (): Promise<string> => {
    const { appid, secret } = stage.account;
    const query = new URLSearchParams({ grant_type: "client_credential", appid, secret });
    return String(
      ((await (await fetch(`${stage.emulator.url}/cgi-bin/token?${query}`)).json()) as Json)["access_token"],
    );
  };
  const raw = async (path: string, body: string | Buffer, type: string): Promise<{ status: number; answer: Json }> => {
    const url = new URL(`${stage.emulator.url}${path}`);
    return new Promise((done, fail) => {
      const headers = { "content-type": type, "content-length": Buffer.byteLength(body) };
      const sent = request({ port: url.port, host: "127.0.0.1", method: "POST", path, headers }, (reply) => {
        const chunks: Buffer[] = [];
        reply.on("data", (chunk: Buffer) => chunks.push(chunk));
        reply.on("end", () =>
          done({ status: reply.statusCode ?? 0, answer: JSON.parse(Buffer.concat(chunks).toString()) as Json }),
        );
      });
      sent.on("error", fail).end(body);
    });
  };

  test("an upload that was cut off is refused, and the emulator goes on", async () => {
    const head = '--b\r\nContent-Disposition: form-data; name="media"; filename="a.png"\r\n';
    const path = `/cgi-bin/media/upload?type=image&access_token=${await token()}`;
    const cut = await raw(path, `${head}Content-Type: image/png\r\n\r\nabc`, "multipart/form-data; boundary=b");
    expect(cut).toMatchObject({ status: 200, answer: { errcode: 41005 } });
    expect(await stage.errcodeOf("/cgi-bin/tags/get")).toBe(0);
  });

  test.each(["constructor", "toString", "__proto__", "hasOwnProperty"])(
    "a message of the type %s is none",
    async (type) => {
      await stage.followers(1);
      await stage.emulator.world.say("fan-0", { text: "在吗" });
      const body = `{"touser":"${stage.openid("fan-0")}","msgtype":"${type}","${type}":{}}`;
      expect(await stage.errcodeOf("/cgi-bin/message/custom/send", body)).toBe(40008);
      const all = `{"filter":{"is_to_all":true},"msgtype":"${type}","${type}":{}}`;
      expect(await stage.errcodeOf("/cgi-bin/message/mass/sendall", all)).toBe(40008);
      expect(() => JSON.stringify(saveWorld(stage.emulator.world.state))).not.toThrow();
    },
  );

  test.each([
    ["token.lifeSeconds", 1e308],
    ["users.page", 0.5],
    ["push.tries", 1e9],
    ["tags.perAccount", -1],
    ["users.blocked", "constructor"],
    ["no.such.rule", 1],
  ])("the rule %s isn't set to %s", async (id, value) => {
    expect(() => stage.emulator.world.changeRules({ [id]: value })).toThrow();
    expect(stage.emulator.world.state.rules.changes()).toEqual({});
  });

  test("a file whose clock no date can show isn't taken; rules that there are no more are left out", () => {
    const saved = JSON.parse(JSON.stringify(saveWorld(stage.emulator.world.state))) as Json;
    expect(SavedWorld.safeParse({ ...saved, clockOffsetMs: 9e15 }).success).toBe(false);
    const read = SavedWorld.parse({ ...saved, rules: { "gone.rule": 1, "mass.perMonth": "x", "tags.batch": 3 } });
    restoreWorld(stage.emulator.world.state, read);
    expect(stage.emulator.world.state.rules.changes()).toEqual({ "tags.batch": 3 });
  });

  test("what has expired is thrown away, and isn't served any more", async () => {
    const { media_id: id } = await stage.upload("/cgi-bin/media/upload", { media: files.mp4() }, { type: "video" });
    const { video_url: url } = await stage.api("/cgi-bin/media/get", undefined, { media_id: String(id) });
    expect((await fetch(String(url))).status).toBe(200);
    stage.emulator.world.setClock(3 * 86_400_000);
    expect((await fetch(String(url))).status).toBe(404);
    expect(stage.emulator.world.state.media.all()).toEqual([]);
  });

  test.each([
    ["an address that can't be read", "/cgi-bin/%", "{}", "application/json", 40066],
    ["a type that is none", "/cgi-bin/none", "{}", "foo", 40066],
    ["a body beyond all kinds", "/cgi-bin/media/upload?type=video", Buffer.alloc(13_000_000), "text/plain", 40011],
  ] as const)(
    "%s is answered in WeChat's form, and stands in the journal",
    async (_name, path, body, type, errcode) => {
      expect(await raw(path, body, type)).toMatchObject({ status: 200, answer: { errcode } });
      expect(stage.emulator.world.journal({ text: path.split("?")[0] ?? "" })).toHaveLength(1);
    },
  );

  test("a body nested thousands of levels deep is only refused", async () => {
    const deep = `{"button":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
    expect(await stage.errcodeOf("/cgi-bin/menu/create", deep)).toBe(40035);
  });

  test("the journal keeps no more than it shows", async () => {
    await stage.errcodeOf("/cgi-bin/tags/create", {
      tag: Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`k${n}`, 1])),
    });
    const [entry] = stage.emulator.world.journal({ text: "tags/create" });
    expect(entry?.request.length).toBeLessThan(20_100);
    expect(entry?.deviations.join("").length).toBeLessThan(7_000);
  });

  test("a reset forgets the rules, and what was in line", async () => {
    await stage.emulator.world.follow(stage.puppet.id);
    stage.emulator.world.changeRules({ "tags.perAccount": 0 });
    // More than go out at a time, to a server that takes its time.
    stage.developer.answer = (_request, response) => void setTimeout(() => response.end("success"), 100);
    const notice = { touser: stage.openid(), template_id: "ready", data: {} };
    const codes = Array.from({ length: 40 }, () => stage.errcodeOf("/cgi-bin/message/template/send", notice));
    expect(new Set(await Promise.all(codes))).toEqual(new Set([0]));
    stage.emulator.world.reset();
    await stage.emulator.world.settle();
    expect(stage.emulator.world.state.rules.changes()).toEqual({});
    expect(stage.emulator.world.journal({ text: "TEMPLATESENDJOBFINISH" })).toEqual([]);
    expect(stage.emulator.world.state.nextId("push")).toBe("push-1");
  });

  test("a follower waits for no developer's server, however slowly it takes notices", async () => {
    await stage.emulator.world.follow(stage.puppet.id);
    let isOpen = false;
    const open: (() => void)[] = [];
    stage.developer.answer = (_request, response) => {
      if (isOpen) response.end("success");
      else open.push(() => response.end("success"));
    };
    const notice = { touser: stage.openid(), template_id: "ready", data: {} };
    await Promise.all(Array.from({ length: 40 }, () => stage.errcodeOf("/cgi-bin/message/template/send", notice)));
    const body = { filter: { is_to_all: true }, msgtype: "text", text: { content: "新茶" } };
    expect(await stage.errcodeOf("/cgi-bin/message/mass/sendall", body)).toBe(0);
    const got = () => stage.emulator.world.chat(stage.puppet.id).chat.some(({ via }) => via === "mass");
    await expect.poll(got, { timeout: 1_500 }).toBe(true);
    const isTold = () => stage.developer.pushes.some(({ body: text }) => text.includes("MASSSENDJOBFINISH"));
    expect(isTold()).toBe(false);
    isOpen = true;
    for (const answer of open) answer();
    await stage.emulator.world.settle();
    expect(isTold()).toBe(true);
  });

  test("a mass sending that a killed process left is failed, and what is taken down can't be read", async () => {
    await stage.followers(1);
    const article = { title: "春茶", content: "秘密", thumb_media_id: "" };
    const kept = await stage.upload("/cgi-bin/material/add_material", { media: files.png() }, { type: "image" });
    const articles = [{ ...article, thumb_media_id: kept["media_id"] }];
    const { media_id: news } = await stage.api("/cgi-bin/draft/add", { articles });
    // The answer comes before the work: what is saved now is as a kill would leave it.
    const send = stage.api("/cgi-bin/message/mass/sendall", {
      filter: { is_to_all: true },
      msgtype: "mpnews",
      mpnews: { media_id: news },
    });
    await send;
    await stage.emulator.world.settle();
    const [sent] = stage.account.massSends;
    const saved = JSON.parse(JSON.stringify(saveWorld(stage.emulator.world.state))) as {
      accounts: { massSends: { status: string }[] }[];
    };
    saved.accounts[0]!.massSends[0]!.status = "SENDING";
    restoreWorld(stage.emulator.world.state, SavedWorld.parse(saved));
    expect(stage.emulator.world.account(stage.account.appid).massSends[0]?.status).toBe("SEND_FAIL");
    const url = sent?.urls[0] ?? "";
    expect(await (await fetch(url)).text()).toBe("秘密");
    const id = Number(sent?.msgId);
    expect(await stage.errcodeOf("/cgi-bin/message/mass/delete", { msg_id: id })).toBe(0);
    expect((await fetch(url)).status).toBe(404);
  });

  test("an account that is closed takes what users allowed it along, tags and all", async () => {
    const code = stage.emulator.world.state.oauth.giveCode({
      appid: stage.account.appid,
      openid: stage.openid(),
      scope: "snsapi_base",
    });
    const grant = stage.emulator.world.state.oauth.take(code, stage.account.appid);
    const accessToken = typeof grant === "string" ? "" : grant.accessToken;
    expect(stage.emulator.world.state.oauth.look(accessToken)).toMatchObject({ openid: stage.openid() });
    stage.emulator.world.deleteAccount(stage.account.appid);
    expect(stage.emulator.world.state.oauth.look(accessToken)).toBe("unknown");
  });

  test("a tag that is deleted is off those who left, too", async () => {
    const [openid] = await stage.followers(1);
    const { tag } = (await stage.api("/cgi-bin/tags/create", { tag: { name: "常客" } })) as { tag: { id: number } };
    await stage.api("/cgi-bin/tags/members/batchtagging", { openid_list: [openid], tagid: tag.id });
    await stage.emulator.world.unfollow("fan-0");
    expect(await stage.errcodeOf("/cgi-bin/tags/delete", { tag: { id: tag.id } })).toBe(0);
    await stage.emulator.world.follow("fan-0");
    expect(await stage.api("/cgi-bin/tags/getidlist", { openid })).toEqual({ tagid_list: [] });
  });

  test("a clock that is turned back leaves no seconds that never were", async () => {
    const { appid, secret } = stage.account;
    const body = JSON.stringify({ grant_type: "client_credential", appid, secret, force_refresh: true });
    const stable = async () =>
      (await (await fetch(`${stage.emulator.url}/cgi-bin/stable_token`, { method: "POST", body })).json()) as Json;
    stage.emulator.world.setClock(10 * 86_400_000);
    const ahead = await stable();
    await stage.api("/cgi-bin/ticket/getticket", undefined, { type: "jsapi" });
    stage.emulator.world.setClock(0);
    const now = await stable();
    expect(now["expires_in"]).toBe(7200);
    expect(now["access_token"]).not.toBe(ahead["access_token"]);
    expect((await stage.api("/cgi-bin/ticket/getticket", undefined, { type: "jsapi" }))["expires_in"]).toBe(7200);
  });

  test("consent pages: a broken cookie, no body, a foreign name", async () => {
    const query = new URLSearchParams({
      appid: stage.account.appid,
      redirect_uri: "https://lantern-tea.example/",
      response_type: "code",
      scope: "snsapi_base",
    });
    const url = `${stage.emulator.url}/connect/oauth2/authorize?${query}`;
    expect((await fetch(url, { headers: { cookie: "emulator_puppet=%" } })).status).toBe(200);
    expect((await fetch(`${url}&puppet=%25`)).status).toBe(200);
    expect((await fetch(url, { method: "POST" })).status).toBe(200);
    const foreign = (path: string) =>
      new Promise<number | undefined>((done, fail) => {
        const { port } = new URL(url);
        const sent = request({ port, host: "127.0.0.1", path, headers: { host: "evil.example" } }, (reply) => {
          reply.resume();
          done(reply.statusCode);
        });
        sent.on("error", fail).end();
      });
    expect([await foreign(`/connect/oauth2/authorize?${query}&puppet=${stage.puppet.id}`), await foreign("/")]).toEqual(
      [403, 403],
    );
  });

  test("a white list takes an address however it is written; a later platform gives its users their unionids", async () => {
    const { world } = stage.emulator;
    world.changeAccount(stage.account.appid, { ipWhitelist: ["2001:DB8:0::1"], openPlatform: "tea" });
    expect(world.account(stage.account.appid).ipWhitelist).toEqual(["2001:db8::1"]);
    expect(world.chat(stage.puppet.id).unionid).toMatch(/^oU/);
  });
}
