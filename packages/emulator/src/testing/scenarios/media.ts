import { afterEach, beforeEach, expect, test } from "vitest";
import { type Coverage, files, type Json, setStage } from "./stage.ts";

export function mediaScenarios(coverage: Coverage): void {
  let stage: Awaited<ReturnType<typeof setStage>>;
  beforeEach(async () => {
    stage = await setStage(coverage);
    await stage.emulator.world.follow(stage.puppet.id);
  });
  afterEach(() => stage.close());
  const temporary = (type: string, bytes: Buffer) => stage.upload("/cgi-bin/media/upload", { media: bytes }, { type });
  const add = (type: string, bytes: Buffer, more: Record<string, string> = {}) =>
    stage.upload("/cgi-bin/material/add_material", { media: bytes, ...more }, { type });
  const cover = async (): Promise<string> => String((await add("image", files.png()))["media_id"]);
  const draft = async (change: Json = {}): Promise<Json> => {
    const article = { title: "春茶", content: "<p>新到</p>", thumb_media_id: await cover(), ...change };
    return stage.api("/cgi-bin/draft/add", { articles: [article] });
  };
  const custom = (msgtype: string, part: unknown) =>
    stage.errcodeOf("/cgi-bin/message/custom/send", { touser: stage.openid(), msgtype, [msgtype]: part });
  const shown = () => stage.emulator.world.chat(stage.puppet.id).chat.at(-1)?.content;

  test("temporary media are given back for three days", async () => {
    const bytes = files.png(200);
    const { media_id: mediaId, type } = await temporary("image", bytes);
    expect(type).toBe("image");
    const got = await stage.bytes("/cgi-bin/media/get", undefined, { media_id: String(mediaId) });
    expect(got).toEqual({ type: "image/png", bytes });
    const video = await temporary("video", files.mp4());
    expect(await stage.api("/cgi-bin/media/get", undefined, { media_id: String(video["media_id"]) })).toMatchObject({
      video_url: expect.stringContaining("/emulator/media/"),
    });
    expect(await temporary("thumb", files.jpeg())).toHaveProperty("thumb_media_id");
    stage.emulator.world.setClock(3 * 86_400_000);
    expect(await stage.errcodeOf("/cgi-bin/media/get", undefined, { media_id: String(mediaId) })).toBe(40007);
    expect(await stage.errcodeOf("/cgi-bin/media/get")).toBe(41006);
  });

  test("what a user sent can be fetched by its media id", async () => {
    const base64 = files.png(80).toString("base64");
    await stage.emulator.world.sendImage(stage.puppet.id, { base64 });
    const content = shown();
    const mediaId = content?.kind === "picture" ? content.mediaId : "";
    const { bytes } = await stage.bytes("/cgi-bin/media/get", undefined, { media_id: mediaId });
    expect(bytes.toString("base64")).toBe(base64);
    // For three days, and by the account it was sent to.
    const other = await setStage(coverage, { kind: "miniprogram" });
    expect(await other.errcodeOf("/cgi-bin/media/get", undefined, { media_id: mediaId })).toBe(40007);
    await other.close();
    stage.emulator.world.setClock(3 * 86_400_000);
    expect(await stage.errcodeOf("/cgi-bin/media/get", undefined, { media_id: mediaId })).toBe(40007);
  });

  test.each([
    ["a kind that doesn't exist", { type: "song" }, { media: files.png() }, 40004],
    ["no file", { type: "image" }, { other: "x" }, 41005],
    ["an empty file", { type: "image" }, { media: Buffer.alloc(0) }, 44001],
    ["a text as a picture", { type: "image" }, { media: Buffer.from("<script>") }, 40005],
    ["a picture as a voice", { type: "voice" }, { media: files.png() }, 40005],
    ["a PNG as a thumbnail", { type: "thumb" }, { media: files.png() }, 40005],
  ])("%s is refused", async (_name, query, parts, errcode) => {
    expect(await stage.upload("/cgi-bin/media/upload", parts as Record<string, Buffer>, query)).toMatchObject({
      errcode,
    });
  });

  test("a body that isn't multipart is no upload", async () => {
    expect(await stage.errcodeOf("/cgi-bin/media/upload", { media: "x" }, { type: "image" })).toBe(41005);
  });

  test("the material library: added, counted, listed, given back, taken out", async () => {
    const picture = await add("image", files.png());
    expect(picture).toHaveProperty("url");
    const words = JSON.stringify({ title: "采茶", introduction: "清明前" });
    const video = await add("video", files.mp4(), { description: words });
    expect((await add("video", files.mp4()))["errcode"]).toBe(40035);
    await add("voice", files.amr());
    expect(await stage.api("/cgi-bin/material/get_materialcount")).toEqual({
      voice_count: 1,
      video_count: 1,
      image_count: 1,
      news_count: 0,
    });
    const list = { type: "image", offset: 0, count: 20 };
    expect(await stage.api("/cgi-bin/material/batchget_material", list)).toMatchObject({
      total_count: 1,
      item_count: 1,
      item: [{ media_id: picture["media_id"], url: picture["url"] }],
    });
    expect((await fetch(String(picture["url"]))).headers.get("content-type")).toBe("image/png");
    expect(await stage.errcodeOf("/cgi-bin/material/batchget_material", { ...list, type: "song" })).toBe(40004);
    expect(await stage.api("/cgi-bin/material/get_material", { media_id: video["media_id"] })).toMatchObject({
      title: "采茶",
      description: "清明前",
    });
    const of = { media_id: picture["media_id"] };
    expect((await stage.bytes("/cgi-bin/material/get_material", of)).type).toBe("image/png");
    expect(await stage.errcodeOf("/cgi-bin/material/del_material", of)).toBe(0);
    expect(await stage.errcodeOf("/cgi-bin/material/get_material", of)).toBe(40007);
    expect((await stage.upload("/cgi-bin/media/uploadimg", { media: files.jpeg() }))["url"]).toContain(
      "/emulator/media/",
    );
  });

  test("a draft is made, changed, listed, published, read and taken down", async () => {
    const { media_id: mediaId } = await draft();
    expect(await stage.api("/cgi-bin/draft/count")).toEqual({ total_count: 1 });
    const change = { title: "明前茶", content: "<p>三天</p>", thumb_media_id: await cover() };
    const update = (index: number) =>
      stage.errcodeOf("/cgi-bin/draft/update", { media_id: mediaId, index, articles: change });
    expect([await update(1), await update(0)]).toEqual([40114, 0]);
    expect(await stage.api("/cgi-bin/draft/get", { media_id: mediaId })).toMatchObject({
      news_item: [{ title: "明前茶", digest: "三天", content: "<p>三天</p>" }],
    });
    expect(await stage.api("/cgi-bin/draft/batchget", { offset: 0, count: 10, no_content: 1 })).toMatchObject({
      total_count: 1,
      item: [{ media_id: mediaId, content: { news_item: [expect.not.objectContaining({ content: "<p>三天</p>" })] } }],
    });
    const { publish_id: publishId } = await stage.api("/cgi-bin/freepublish/submit", { media_id: mediaId });
    const [event = ""] = await stage.pushed("PUBLISHJOBFINISH");
    expect(event).toContain(`<publish_id>${String(publishId)}</publish_id>`);
    expect(event).toContain("<![CDATA[mphelper]]>");
    // What is published has left the drafts.
    expect(await stage.errcodeOf("/cgi-bin/draft/get", { media_id: mediaId })).toBe(40007);
    const published = await stage.api("/cgi-bin/freepublish/get", { publish_id: publishId });
    expect(published).toMatchObject({ publish_status: 0, article_detail: { count: 1 } });
    const articleId = published["article_id"];
    expect(await stage.api("/cgi-bin/freepublish/getarticle", { article_id: articleId })).toMatchObject({
      news_item: [{ title: "明前茶", is_deleted: false }],
    });
    expect(await stage.api("/cgi-bin/freepublish/batchget", { offset: 0, count: 1 })).toMatchObject({
      item: [{ article_id: articleId }],
    });
    expect(await custom("mpnewsarticle", { article_id: articleId })).toBe(0);
    expect(shown()).toMatchObject({ kind: "news", articles: [{ title: "明前茶" }] });
    expect(await stage.errcodeOf("/cgi-bin/freepublish/delete", { article_id: articleId })).toBe(0);
    expect(await stage.errcodeOf("/cgi-bin/freepublish/getarticle", { article_id: articleId })).toBe(53600);
    const second = await draft();
    expect(await stage.errcodeOf("/cgi-bin/draft/delete", { media_id: second["media_id"] })).toBe(0);
    expect(await stage.errcodeOf("/cgi-bin/freepublish/submit", { media_id: second["media_id"] })).toBe(40007);
    expect(await stage.errcodeOf("/cgi-bin/freepublish/get", { publish_id: "1" })).toBe(53600);
  });

  test("a cover must stand in the library", async () => {
    const { media_id: passing } = await temporary("image", files.png());
    expect((await draft({ thumb_media_id: passing }))["errcode"]).toBe(40007);
    expect(await stage.errcodeOf("/cgi-bin/draft/add", { articles: "x" })).toBe(47001);
  });

  test("customer-service messages of every type are shown; media that nobody has are 40007", async () => {
    await stage.emulator.world.say(stage.puppet.id, { text: "在吗" });
    stage.emulator.world.changeRules({ "custom.messageCount": 100 });
    await stage.emulator.world.say(stage.puppet.id, { text: "在吗" });
    const image = (await temporary("image", files.png()))["media_id"];
    const thumb = (await temporary("thumb", files.jpeg()))["thumb_media_id"];
    const video = (await temporary("video", files.mp4()))["media_id"];
    const voice = (await temporary("voice", files.amr()))["media_id"];
    const { media_id: news } = await draft();
    expect(await custom("image", { media_id: image })).toBe(0);
    expect(shown()).toMatchObject({ kind: "picture", mediaId: image });
    expect(await custom("voice", { media_id: voice })).toBe(0);
    expect(await custom("video", { media_id: video, thumb_media_id: thumb, title: "采茶" })).toBe(0);
    expect(shown()).toMatchObject({ kind: "media", type: "video", title: "采茶" });
    expect(await custom("music", { thumb_media_id: thumb, title: "茶歌" })).toBe(0);
    expect(await custom("news", { articles: [{ title: "春茶", url: "https://lantern-tea.example" }] })).toBe(0);
    expect(await custom("mpnews", { media_id: news })).toBe(0);
    const card = { title: "点单", appid: "wxtea", pagepath: "pages/order", thumb_media_id: image };
    expect(await custom("miniprogrampage", card)).toBe(0);
    expect(shown()).toMatchObject({ kind: "card", appid: "wxtea", pagepath: "pages/order" });
    expect(await custom("miniprogrampage", { ...card, appid: "" })).toBe(40013);
    const list = [{ id: "1", content: "满意" }];
    expect(await custom("msgmenu", { head_content: "如何？", list, tail_content: "谢谢" })).toBe(0);
    expect(shown()).toMatchObject({ kind: "choices", choices: [{ id: "1", text: "满意" }] });
    const said = await stage.emulator.world.say(stage.puppet.id, { text: "满意", choice: "1" });
    expect(said.message).toContain("<bizmsgmenuid><![CDATA[1]]></bizmsgmenuid>");
    for (const type of ["image", "voice", "video", "music", "mpnews", "mpnewsarticle", "miniprogrampage"])
      expect([type, await custom(type, { media_id: "none", appid: "wxtea" })]).toEqual([type, 40007]);
    expect(await custom("wxcard", { card_id: "pTea" })).toBe(40073);
    stage.account.cards.push({ cardId: "pTea", title: "春茶券" });
    expect(await custom("wxcard", { card_id: "pTea" })).toBe(0);
    expect(shown()).toMatchObject({ kind: "media", type: "wxcard", title: "春茶券" });
    expect(await custom("dance", {})).toBe(40008);
    expect(await custom("link", { title: "春茶", url: "https://lantern-tea.example" })).toBe(45162);
    const missing = { touser: stage.openid(), msgtype: "image" };
    expect(await stage.errcodeOf("/cgi-bin/message/custom/send", missing)).toBe(47001);
  });

  test("typing, templates and codes are answered too", async () => {
    await stage.emulator.world.say(stage.puppet.id, { text: "在吗" });
    const typing = { touser: stage.openid(), command: "Typing" };
    expect(await stage.errcodeOf("/cgi-bin/message/custom/typing", typing)).toBe(0);
    const notice = { touser: stage.openid(), template_id: "ready", data: { order: { value: "A-17" } } };
    expect(await stage.errcodeOf("/cgi-bin/message/template/send", notice)).toBe(0);
    expect(await stage.api("/cgi-bin/template/get_all_private_template")).toMatchObject({
      template_list: [{ template_id: "ready", title: "取茶提醒" }],
    });
    const gone = { template_id: "ready" };
    expect(await stage.errcodeOf("/cgi-bin/template/del_private_template", gone)).toBe(0);
    expect(await stage.errcodeOf("/cgi-bin/template/del_private_template", gone)).toBe(40037);
    const scene = { action_name: "QR_LIMIT_STR_SCENE", action_info: { scene: { scene_str: "door" } } };
    const { ticket } = await stage.api("/cgi-bin/qrcode/create", scene);
    expect(ticket).toMatch(/^[\w-]{96}$/);
    const picture = await stage.bytes("/cgi-bin/showqrcode", undefined, { ticket: String(ticket) });
    expect([picture.type, picture.bytes.subarray(0, 3).toString("hex")]).toEqual(["image/jpg", "ffd8ff"]);
    expect((await stage.api("/cgi-bin/qrcode/create", scene))["ticket"]).toBe(ticket);
    stage.emulator.world.changeRules({ "qrcode.permanent": "other" });
    expect((await stage.api("/cgi-bin/qrcode/create", scene))["ticket"]).not.toBe(ticket);
  });
}
