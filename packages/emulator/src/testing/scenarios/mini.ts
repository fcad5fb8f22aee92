import { createHmac } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Coverage, files, type Json, setStage } from "./stage.ts";

export function miniScenarios(coverage: Coverage): void {
  let stage: Awaited<ReturnType<typeof setStage>>;
  beforeEach(async () => {
    stage = await setStage(coverage, { kind: "miniprogram", openPlatform: "tea" });
  });
  afterEach(() => stage.close());
  const world = () => stage.emulator.world;
  const session = async (code: string, change: Record<string, string> = {}): Promise<Json> => {
    const { appid, secret } = stage.account;
    const query = new URLSearchParams({ appid, secret, js_code: code, grant_type: "authorization_code", ...change });
    const answer = (await (await fetch(`${stage.emulator.url}/sns/jscode2session?${query}`)).json()) as Json;
    if (answer["session_key"] !== undefined) coverage.paths.add("/sns/jscode2session");
    return answer;
  };
  const template = async (tid = 9001, kidList = [1, 2]): Promise<string> =>
    String((await stage.api("/wxaapi/newtmpl/addtemplate", { tid, kidList }))["priTmplId"]);

  test("a login gives openid, unionid and a session key that a signature proves", async () => {
    const { code } = world().login(stage.puppet.id);
    const made = await session(code);
    expect(made).toMatchObject({ openid: stage.openid(), unionid: expect.stringMatching(/^oU/) });
    expect(await session(code)).toMatchObject({ errcode: 40163 });
    const signature = createHmac("sha256", String(made["session_key"])).digest("hex");
    const query = { openid: stage.openid(), signature, sig_method: "hmac_sha256" };
    expect(await stage.errcodeOf("/wxa/checksession", undefined, query)).toBe(0);
    expect(await stage.errcodeOf("/wxa/checksession", undefined, { ...query, signature: "0" })).toBe(87009);
    // The next login's key is another one.
    await session(world().login(stage.puppet.id).code);
    expect(await stage.errcodeOf("/wxa/checksession", undefined, query)).toBe(87009);
  });

  test.each([
    ["no code", { js_code: "" }, 41008],
    ["a made-up code", { js_code: "none" }, 40029],
    ["another grant", { grant_type: "password" }, 40002],
    ["a wrong secret", { secret: "x" }, 40125],
    ["an unknown appid", { appid: "wx0" }, 40013],
    ["no appid", { appid: "" }, 41002],
    ["no secret", { secret: "" }, 41004],
  ])("%s is refused", async (_name, change, errcode) => {
    expect(await session(world().login(stage.puppet.id).code, change)).toMatchObject({ errcode });
  });

  test("a code is too old after five minutes, and a risky user gets none", async () => {
    const { code } = world().login(stage.puppet.id);
    world().setClock(300_000);
    expect(await session(code)).toMatchObject({ errcode: 40029 });
    world().changePuppet(stage.puppet.id, { isRisky: true });
    expect(await session(world().login(stage.puppet.id).code)).toMatchObject({ errcode: 40226 });
  });

  test("a phone number is told once for the code of its button", async () => {
    world().changePuppet(stage.puppet.id, { phone: "13800138000" });
    const { code } = world().sharePhone(stage.puppet.id);
    const ask = (given: string) => stage.api("/wxa/business/getuserphonenumber", { code: given });
    expect(await ask(code)).toMatchObject({
      phone_info: { phoneNumber: "13800138000", countryCode: "86", watermark: { appid: stage.account.appid } },
    });
    expect(await ask(code)).toMatchObject({ errcode: 40029 });
    // A login's code is none of a phone number.
    expect(await ask(world().login(stage.puppet.id).code)).toMatchObject({ errcode: 40029 });
  });

  test("codes are drawn, links made; scenes and pages keep their form", async () => {
    const drawn = await stage.bytes("/wxa/getwxacodeunlimit", { scene: "table=7", page: "pages/order" });
    expect([drawn.type, drawn.bytes.subarray(0, 3).toString("hex")]).toEqual(["image/jpeg", "ffd8ff"]);
    const unlimited = (scene: string, page = "pages/order") =>
      stage.errcodeOf("/wxa/getwxacodeunlimit", { scene, page });
    expect(await unlimited("茶")).toBe(40169);
    expect(await unlimited("a", "/pages/order")).toBe(41030);
    for (const path of ["/wxa/getwxacode", "/cgi-bin/wxaapp/createwxaqrcode"])
      expect((await stage.bytes(path, { path: "pages/order?table=7" })).type).toBe("image/jpeg");
    expect(await stage.api("/wxa/generatescheme", { jump_wxa: { path: "pages/order" } })).toMatchObject({
      openlink: expect.stringMatching(/^weixin:/),
    });
    expect(await stage.api("/wxa/generate_urllink", { path: "pages/order" })).toHaveProperty("url_link");
    expect(await stage.errcodeOf("/wxa/generate_urllink", { path: "https://lantern-tea.example" })).toBe(40165);
    const at = (days: number) => Math.floor(Date.now() / 1000) + days * 86_400;
    expect(await stage.errcodeOf("/wxa/generate_urllink", { expire_time: at(29) })).toBe(0);
    expect(await stage.errcodeOf("/wxa/generate_urllink", { expire_time: at(31) })).toBe(85401);
  });

  test("a template is found in the library, added, agreed to, sent once for each consent", async () => {
    expect(await stage.api("/wxaapi/newtmpl/getcategory")).toMatchObject({ data: [{ id: 307 }, { id: 616 }] });
    const titles = await stage.api("/wxaapi/newtmpl/getpubtemplatetitles", undefined, {
      ids: "307",
      start: "0",
      limit: "30",
    });
    expect(titles).toMatchObject({ count: 2, data: [{ tid: 9001 }, { tid: 9002 }] });
    const keywords = await stage.api("/wxaapi/newtmpl/getpubtemplatekeywords", undefined, { tid: "9001" });
    expect(keywords).toMatchObject({ count: 5, data: [{ kid: 1, rule: "character_string" }, {}, {}, {}, {}] });
    const id = await template();
    expect(await stage.api("/wxaapi/newtmpl/gettemplate")).toMatchObject({
      data: [{ priTmplId: id, title: "取餐提醒" }],
    });
    const body = {
      touser: stage.openid(),
      template_id: id,
      page: "pages/order",
      data: { character_string1: { value: "A-17" }, thing2: { value: "灯笼茶" } },
    };
    const send = (change: Json = {}) => stage.errcodeOf("/cgi-bin/message/subscribe/send", { ...body, ...change });
    expect(await send()).toBe(43101);
    const popup = await world().subscribe(stage.puppet.id, { answers: { [id]: "accept" } });
    expect(popup.message).toContain("<SubscribeStatusString><![CDATA[accept]]></SubscribeStatusString>");
    await world().subscribe(stage.puppet.id, { answers: { [id]: "reject" } });
    expect([await send(), await send()]).toEqual([0, 43101]);
    expect(await stage.pushed("subscribe_msg_sent_event")).toHaveLength(1);
    expect(world().chat(stage.puppet.id).chat.at(-1)?.content).toMatchObject({
      kind: "template",
      lines: [{ text: "取餐码:A-17" }, { text: "门店:灯笼茶" }],
    });
    expect(await send({ page: "/pages/order" })).toBe(41030);
    expect(await send({ template_id: "none" })).toBe(40037);
    expect(await stage.errcodeOf("/wxaapi/newtmpl/deltemplate", { priTmplId: id })).toBe(0);
    expect(await stage.errcodeOf("/wxaapi/newtmpl/deltemplate", { priTmplId: id })).toBe(40037);
  });

  test.each([
    ["a thing of 21 characters", { thing2: { value: "茶".repeat(21) } }],
    ["a missing keyword", {}],
    ["a code with a space", { character_string1: { value: "A 17" } }],
    ["a thing of nothing", { thing2: { value: "" } }],
  ])("%s is refused by its name", async (_name, change) => {
    const id = await template();
    await world().subscribe(stage.puppet.id, { answers: { [id]: "accept" } });
    const data = { character_string1: { value: "A-17" }, ...change };
    const answer = await stage.api("/cgi-bin/message/subscribe/send", {
      touser: stage.openid(),
      template_id: id,
      data,
    });
    expect(answer["errcode"]).toBe(47003);
    expect(answer["errmsg"]).toMatch(/^argument invalid! data\.\w+\.value is (?:invalid|empty) rid: /);
    // What was refused spent no consent.
    expect(world().chat(stage.puppet.id).subscriptions[id]).toBe(1);
  });

  test("a push in JSON lists what was agreed to without a wrapper, and dates may be a span", async () => {
    await world().configurePush(stage.account.appid, { url: stage.developer.url, token: "lantern", format: "json" });
    const id = await template(9002, [1, 2]);
    const popup = await world().subscribe(stage.puppet.id, { answers: { [id]: "accept" } });
    expect(JSON.parse(popup.message)).toMatchObject({
      Event: "subscribe_msg_popup_event",
      List: { TemplateId: id, SubscribeStatusString: "accept", PopupScene: "0" },
    });
    const data = { thing1: { value: "龙井" }, date2: { value: "2026年4月1日~2026年4月7日" } };
    const body = { touser: stage.openid(), template_id: id, data };
    expect(await stage.errcodeOf("/cgi-bin/message/subscribe/send", body)).toBe(0);
    await world().settle();
    expect(JSON.parse(stage.developer.pushes.at(-1)?.body ?? "")).toMatchObject({ List: { ErrorStatus: "success" } });
  });

  test("templates that can't be: unknown, with others' keywords, described too long", async () => {
    const add = (body: Json) => stage.errcodeOf("/wxaapi/newtmpl/addtemplate", { tid: 9001, kidList: [1, 2], ...body });
    expect(await add({ tid: 1 })).toBe(200014);
    expect(await add({ kidList: [1, 9] })).toBe(200020);
    expect(await add({ kidList: [1, 1] })).toBe(200020);
    expect(await add({ sceneDesc: "很长的说明".repeat(4) })).toBe(200021);
    const keywords = (tid: string) => stage.errcodeOf("/wxaapi/newtmpl/getpubtemplatekeywords", undefined, { tid });
    expect(await keywords("1")).toBe(200014);
    const titles = (query: Record<string, string>) =>
      stage.errcodeOf("/wxaapi/newtmpl/getpubtemplatetitles", undefined, { limit: "1", ...query });
    expect([await titles({}), await titles({ ids: "1" }), await titles({ ids: "307", start: "-1" })]).toEqual([
      200018, 200019, 200016,
    ]);
  });

  test("a template is added by a form too, as the documents advise", async () => {
    const { url } = stage.emulator;
    const { appid, secret } = stage.account;
    const query = new URLSearchParams({ grant_type: "client_credential", appid, secret });
    const { access_token: token } = (await (await fetch(`${url}/cgi-bin/token?${query}`)).json()) as Json;
    const add = async (form: string) => {
      const body = new URLSearchParams(form);
      const path = `${url}/wxaapi/newtmpl/addtemplate?access_token=${String(token)}`;
      return (await (await fetch(path, { method: "POST", body })).json()) as Json;
    };
    expect(await add("tid=9001&kidList=1&kidList=2&sceneDesc=取餐")).toHaveProperty("priTmplId");
    expect(await add("tid=9002&kidList[0]=1&kidList[1]=2")).toHaveProperty("priTmplId");
    expect(await add("tid=9001&kidList=1")).toMatchObject({ errcode: 200020 });
  });

  test("opening the chat lets it write twice in a minute, a message five times", async () => {
    const send = () =>
      stage.errcodeOf("/cgi-bin/message/custom/send", {
        touser: stage.openid(),
        msgtype: "text",
        text: { content: "在" },
      });
    expect(await send()).toBe(45015);
    const entered = await world().enterSession(stage.puppet.id, { from: "pages/order" });
    expect(entered.message).toContain("<Event><![CDATA[user_enter_tempsession]]></Event>");
    expect(entered.message).toContain("<SessionFrom><![CDATA[pages/order]]></SessionFrom>");
    expect([await send(), await send(), await send()]).toEqual([0, 0, 45047]);
    await world().say(stage.puppet.id, { text: "在吗" });
    expect([await send(), await send(), await send(), await send(), await send(), await send()]).toEqual([
      0, 0, 0, 0, 0, 45047,
    ]);
    const link = { title: "春茶", description: "新到", url: "https://lantern-tea.example", thumb_url: "" };
    const as = (msgtype: string, part: unknown) =>
      stage.errcodeOf("/cgi-bin/message/custom/send", { touser: stage.openid(), msgtype, [msgtype]: part });
    await world().say(stage.puppet.id, { text: "还有吗" });
    expect([await as("link", link), await as("news", { articles: [link] })]).toEqual([0, 45162]);
    const media = await stage.upload("/cgi-bin/media/upload", { media: files.png() }, { type: "image" });
    // A card of its own pages names nobody.
    const card = { title: "点单", pagepath: "pages/order", thumb_media_id: media["media_id"] };
    expect(await as("miniprogrampage", card)).toBe(0);
    expect(world().chat(stage.puppet.id).chat.at(-1)?.content).toMatchObject({ appid: stage.account.appid });
  });

  test("what is an official account's is none of a mini-program's, and the other way", async () => {
    expect(await stage.errcodeOf("/cgi-bin/user/get")).toBe(48001);
    expect(await stage.errcodeOf("/cgi-bin/menu/delete")).toBe(48001);
    await expect(world().follow(stage.puppet.id)).rejects.toThrow("Nobody follows a mini-program");
    await stage.close();
    stage = await setStage(coverage);
    expect(await stage.errcodeOf("/wxaapi/newtmpl/gettemplate")).toBe(48001);
    expect(() => world().login(stage.puppet.id)).toThrow("Say which mini-program");
    const { appid, secret } = stage.account;
    expect(await session("x", { appid, secret })).toMatchObject({ errcode: 40013 });
  });
}
