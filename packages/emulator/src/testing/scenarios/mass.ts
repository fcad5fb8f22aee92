import { afterEach, beforeEach, expect, test } from "vitest";
import { type Coverage, files, type Json, setStage } from "./stage.ts";

export function massScenarios(coverage: Coverage): void {
  let stage: Awaited<ReturnType<typeof setStage>>;
  beforeEach(async () => {
    stage = await setStage(coverage);
  });
  afterEach(() => stage.close());
  const text = { msgtype: "text", text: { content: "新茶到店" } };
  const all = { filter: { is_to_all: true } };
  const sendAll = (body: Json = text) => stage.api("/cgi-bin/message/mass/sendall", { ...all, ...body });
  const finished = async (): Promise<Record<string, number>> => {
    const event = (await stage.pushed("MASSSENDJOBFINISH")).at(-1) ?? "";
    const names = ["TotalCount", "FilterCount", "SentCount", "ErrorCount"];
    return Object.fromEntries(names.map((name) => [name, Number(new RegExp(`<${name}>(\\d+)<`).exec(event)?.[1])]));
  };

  test("to all: each follower gets it once, and the counts add up", async () => {
    const openids = await stage.followers(5);
    await stage.emulator.world.unfollow("fan-4");
    await stage.api("/cgi-bin/tags/members/batchblacklist", { openid_list: [openids[0]] });
    const { msg_id: id } = await sendAll();
    expect(await finished()).toEqual({ TotalCount: 4, FilterCount: 3, SentCount: 3, ErrorCount: 0 });
    const got = [0, 1, 2, 3, 4].map(
      (number) => stage.emulator.world.chat(`fan-${number}`).chat.filter(({ via }) => via === "mass").length,
    );
    expect(got).toEqual([0, 1, 1, 1, 0]);
    const of = { msg_id: id };
    // A text that was sent stays where it is.
    expect(await stage.errcodeOf("/cgi-bin/message/mass/delete", of)).toBe(40059);
    expect(await stage.api("/cgi-bin/message/mass/get", of)).toEqual({ msg_id: id, msg_status: "SEND_SUCCESS" });
    expect(await stage.errcodeOf("/cgi-bin/message/mass/get", { msg_id: 1 })).toBe(40059);
  });

  test("by tag and by openids; strangers among them are errors", async () => {
    const openids = await stage.followers(4);
    const tag = ((await stage.api("/cgi-bin/tags/create", { tag: { name: "常客" } }))["tag"] as Json)["id"];
    await stage.api("/cgi-bin/tags/members/batchtagging", { openid_list: openids.slice(0, 2), tagid: tag });
    expect((await stage.api("/cgi-bin/message/mass/sendall", { filter: { tag_id: tag }, ...text }))["errcode"]).toBe(0);
    expect(await finished()).toMatchObject({ TotalCount: 2, SentCount: 2 });
    const none = { filter: { tag_id: 999 }, ...text };
    expect(await stage.errcodeOf("/cgi-bin/message/mass/sendall", none)).toBe(45159);
    const touser = [...openids, "oNobody", openids[0]];
    expect((await stage.api("/cgi-bin/message/mass/send", { touser, ...text }))["errcode"]).toBe(0);
    expect(await finished()).toEqual({ TotalCount: 5, FilterCount: 5, SentCount: 4, ErrorCount: 1 });
  });

  test("a service account's followers get four a month, the fifth counts as an error", async () => {
    await stage.followers(2);
    for (let sent = 0; sent < 4; sent += 1) await sendAll({ msgtype: "text", text: { content: `第${sent}条` } });
    expect(await finished()).toMatchObject({ SentCount: 2, ErrorCount: 0 });
    await sendAll();
    expect(await finished()).toEqual({ TotalCount: 2, FilterCount: 2, SentCount: 0, ErrorCount: 2 });
    stage.emulator.world.setClock(32 * 86_400_000);
    await sendAll();
    expect(await finished()).toMatchObject({ SentCount: 2 });
  });

  test("a subscription account sends once a day, and not by openids", async () => {
    await stage.close();
    stage = await setStage(coverage, { kind: "subscription" });
    const openids = await stage.followers(2);
    expect((await sendAll())["errcode"]).toBe(0);
    expect((await sendAll({ msgtype: "text", text: { content: "又一条" } }))["errcode"]).toBe(45028);
    expect(await stage.errcodeOf("/cgi-bin/message/mass/send", { touser: openids, ...text })).toBe(48001);
    stage.emulator.world.setClock(86_400_000);
    expect((await sendAll())["errcode"]).toBe(0);
  });

  test("the same clientmsgid is sent once, and answered with the first one's msg_id", async () => {
    await stage.followers(1);
    const once = { ...text, clientmsgid: "spring-2026" };
    const first = await sendAll(once);
    expect((await sendAll(once))["errcode"]).toBe(45066);
    stage.emulator.world.setClock(60_000);
    expect(await sendAll(once)).toMatchObject({ errcode: 45065, msg_id: first["msg_id"] });
    stage.emulator.world.setClock(86_400_000);
    expect((await sendAll(once))["errcode"]).toBe(0);
    await stage.emulator.world.settle();
    expect(stage.emulator.world.chat("fan-0").chat.filter(({ via }) => via === "mass")).toHaveLength(2);
  });

  test("the same again, without a clientmsgid, is sent once: to whom and what stand for it", async () => {
    await stage.followers(1);
    const [one, two] = await Promise.all([sendAll(), sendAll()]);
    expect(new Set([one["errcode"], two["errcode"]])).toEqual(new Set([0, 45066]));
    expect((await sendAll({ msgtype: "text", text: { content: "另一条" } }))["errcode"]).toBe(0);
    await stage.emulator.world.settle();
    expect(stage.emulator.world.chat("fan-0").chat.filter(({ via }) => via === "mass")).toHaveLength(2);
  });

  test("a service account may be held to once a day, and send to the starred", async () => {
    const openids = await stage.followers(2);
    await stage.api("/cgi-bin/tags/members/batchtagging", { openid_list: openids.slice(0, 1), tagid: 2 });
    expect((await stage.api("/cgi-bin/message/mass/sendall", { filter: { tag_id: 2 }, ...text }))["errcode"]).toBe(0);
    expect(await finished()).toMatchObject({ TotalCount: 1, SentCount: 1 });
    stage.emulator.world.changeRules({ "mass.serviceDay": "once" });
    expect((await sendAll())["errcode"]).toBe(45028);
  });

  test("a video goes only through uploadvideo, and only a temporary one: both are switches", async () => {
    await stage.followers(1);
    const words = JSON.stringify({ title: "采茶", introduction: "" });
    const kept = await stage.upload(
      "/cgi-bin/material/add_material",
      { media: files.mp4(), description: words },
      { type: "video" },
    );
    const passing = await stage.upload("/cgi-bin/media/upload", { media: files.mp4() }, { type: "video" });
    const make = (id: unknown) =>
      stage.api("/cgi-bin/media/uploadvideo", { media_id: id, title: "采茶", description: "" });
    expect((await make(kept["media_id"]))["errcode"]).toBe(40007);
    const made = await make(passing["media_id"]);
    expect(made["type"]).toBe("video");
    const send = async (id: unknown) => (await sendAll({ msgtype: "mpvideo", mpvideo: { media_id: id } }))["errcode"];
    expect([await send(kept["media_id"]), await send(passing["media_id"]), await send(made["media_id"])]).toEqual([
      40007, 40007, 0,
    ]);
    stage.emulator.world.changeRules({ "mass.video": "direct", "media.massVideo": "any" });
    expect(await send(passing["media_id"])).toBe(0);
    expect((await make(kept["media_id"]))["type"]).toBe("video");
  });

  test("pictures and news, shown to one before they are sent to all", async () => {
    await stage.followers(1);
    const picture = await stage.upload("/cgi-bin/material/add_material", { media: files.png() }, { type: "image" });
    const article = { title: "春茶", content: "新到", thumb_media_id: picture["media_id"] };
    const { media_id: news } = await stage.api("/cgi-bin/draft/add", { articles: [article] });
    const preview = (body: Json) =>
      stage.errcodeOf("/cgi-bin/message/mass/preview", { touser: stage.openid("fan-0"), ...body });
    expect(await preview({ msgtype: "mpnews", mpnews: { media_id: news } })).toBe(0);
    expect(stage.emulator.world.chat("fan-0").chat.at(-1)).toMatchObject({ via: "mass", content: { kind: "news" } });
    expect(await preview({ msgtype: "mpnews", mpnews: { media_id: "none" } })).toBe(40007);
    expect(await preview({ msgtype: "dance", dance: {} })).toBe(40008);
    const byName = { towxname: "fan-0", ...text };
    expect(await stage.errcodeOf("/cgi-bin/message/mass/preview", byName)).toBe(0);
    const sent = await sendAll({ msgtype: "mpnews", mpnews: { media_id: news } });
    expect(sent).toHaveProperty("msg_data_id");
    // It has left the drafts, and the event says where it is read.
    expect(await stage.api("/cgi-bin/draft/count")).toEqual({ total_count: 0 });
    const [event = ""] = await stage.pushed("MASSSENDJOBFINISH");
    const url = /<ArticleUrl><!\[CDATA\[(.*?)\]\]>/.exec(event)?.[1] ?? "";
    expect(await (await fetch(url)).text()).toBe("新到");
    const status = async () => (await stage.api("/cgi-bin/message/mass/get", { msg_id: sent["msg_id"] }))["msg_status"];
    expect(await status()).toBe("SEND_SUCCESS");
    expect(await stage.errcodeOf("/cgi-bin/message/mass/delete", { url })).toBe(0);
    expect(await status()).toBe("DELETE");
    const images = { media_ids: [picture["media_id"]] };
    expect((await sendAll({ msgtype: "image", images }))["errcode"]).toBe(0);
  });

  test("the speed of sending is kept", async () => {
    expect(await stage.errcodeOf("/cgi-bin/message/mass/speed/set", { speed: 5 })).toBe(45083);
    expect(await stage.errcodeOf("/cgi-bin/message/mass/speed/set", { speed: 2 })).toBe(0);
    expect(await stage.api("/cgi-bin/message/mass/speed/get", {})).toEqual({ speed: 2, realspeed: 45 });
  });

  test("a coupon is sent to all, if the account has it; music is sent to nobody at once", async () => {
    await stage.followers(2);
    const send = (msgtype: string, part: object) =>
      stage.errcodeOf("/cgi-bin/message/mass/sendall", { filter: { is_to_all: true }, msgtype, [msgtype]: part });
    expect(await send("wxcard", { card_id: "pTea" })).toBe(40073);
    stage.emulator.world.changeAccount(stage.account.appid, { cards: [{ cardId: "pTea", title: "春茶券" }] });
    expect(await send("wxcard", { card_id: "pTea" })).toBe(0);
    await stage.emulator.world.settle();
    for (const id of ["fan-0", "fan-1"])
      expect(stage.emulator.world.chat(id).chat.at(-1)).toMatchObject({ via: "mass", content: { type: "wxcard" } });
    expect(await send("music", { thumb_media_id: "x", title: "茶歌" })).toBe(40008);
  });
}
