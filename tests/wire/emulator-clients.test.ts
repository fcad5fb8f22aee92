import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { decrypt, getSignature } from "@wecom/crypto";
import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { startDeveloper, type DeveloperServer } from "@zhanggui/emulator/testing/developer";
import WechatApi from "co-wechat-api";
import { createTransport } from "nodemailer";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/*
 * The emulator against clients that others wrote: what they take for WeChat is WeChat enough.
 */
let emulator: Emulator;
let developer: DeveloperServer;
const encodingAesKey = "lanternTEAlanternTEAlanternTEAlanternTEA123";
const puppet = "tea-lover";

beforeEach(async () => {
  emulator = await startEmulator({ seed: 11 });
  developer = await startDeveloper();
});

afterEach(async () => {
  await emulator.stop();
  await developer.stop();
});

describe("co-wechat-api", () => {
  const appid = "wx0123456789abcdef";

  async function client(): Promise<WechatApi> {
    await emulator.world.seed({
      accounts: [
        {
          appid,
          secret: "lantern-secret",
          originalId: "gh_lantern",
          openPlatform: "tea",
          templates: [{ templateId: "ready", title: "取茶提醒", content: "单号：{{order.DATA}}" }],
        },
      ],
      puppets: [{ id: puppet, follows: [appid] }],
    });
    const api = new WechatApi(appid, "lantern-secret");
    api.prefix = `${emulator.url}/cgi-bin/`;
    api.mpPrefix = `${emulator.url}/cgi-bin/`;
    api.snsPrefix = `${emulator.url}/sns/`;
    return api;
  }

  test("token and user/info", async () => {
    const api = await client();
    const { openid, unionid } = emulator.world.chat(puppet);
    expect(await api.getUser({ openid, lang: "en" })).toMatchObject({ subscribe: 1, openid, unionid, language: "en" });
    await expect(api.getUser({ openid: "oNobody", lang: "zh_CN" })).rejects.toMatchObject({ code: 40003 });
  });

  test("it fetches another token when WeChat voids its own", async () => {
    const api = await client();
    const { openid } = emulator.world.chat(puppet);
    await api.getUser({ openid, lang: "zh_CN" });
    emulator.world.voidTokens(appid);
    expect(await api.getUser({ openid, lang: "zh_CN" })).toMatchObject({ openid });
    const tokens = emulator.world.journal({ kind: "api" }).filter((entry) => entry.what === "token");
    expect(tokens).toHaveLength(2);
  });

  test("QR codes, temporary and permanent, and their picture", async () => {
    const api = await client();
    const temporary = await api.createTmpQRCode("door-1", 1800);
    expect(temporary).toMatchObject({ expire_seconds: 1800 });
    const permanent = await api.createLimitQRCode(42);
    expect(permanent).not.toHaveProperty("expire_seconds");
    const picture = await fetch(api.showQRCodeURL(temporary.ticket));
    expect(picture.headers.get("content-type")).toBe("image/jpg");
    const report = await emulator.world.scan(puppet, { code: api.showQRCodeURL(permanent.ticket) });
    expect(report.message).toContain("<EventKey><![CDATA[42]]></EventKey>");
  });

  test("template messages: the 19 digits of msgid survive", async () => {
    const api = await client();
    await emulator.world.configurePush(appid, { url: developer.url, token: "lantern" });
    const { openid } = emulator.world.chat(puppet);
    const sent = await api.sendTemplate(openid, "ready", "https://example.com/", "#333", { order: { value: "A-17" } });
    await emulator.world.settle();
    expect(developer.pushes[0]?.body).toContain(`<MsgID>${String(sent.msgid)}</MsgID>`);
    await expect(api.sendTemplate(openid, "other", "", "", {})).rejects.toMatchObject({ code: 40037 });
  });

  test("customer-service texts", async () => {
    const api = await client();
    const { openid } = emulator.world.chat(puppet);
    await expect(api.sendText(openid, "你好")).rejects.toMatchObject({ code: 45015 });
    await emulator.world.say(puppet, { text: "在吗" });
    expect(await api.sendText(openid, "在")).toMatchObject({ errcode: 0 });
    expect(emulator.world.chat(puppet).chat.at(-1)).toMatchObject({ via: "custom", content: { text: "在" } });
  });

  test("menus", async () => {
    const api = await client();
    const menu = { button: [{ type: "click", name: "今日茶单", key: "TODAY" }] };
    expect(await api.createMenu(menu)).toMatchObject({ errcode: 0 });
    expect(await api.getMenu()).toMatchObject({ menu });
    expect(await api.removeMenu()).toMatchObject({ errcode: 0 });
    await expect(api.getMenu()).rejects.toMatchObject({ code: 46003 });
  });

  test("followers, remarks and tags", async () => {
    const api = await client();
    const { openid } = emulator.world.chat(puppet);
    expect(await api.getFollowers()).toMatchObject({ total: 1, count: 1, data: { openid: [openid] } });
    const { tag } = await api.createTags("常客");
    expect(await api.batchTagging([openid], tag.id)).toMatchObject({ errcode: 0 });
    expect(await api.updateTag(tag.id, "老茶客")).toMatchObject({ errcode: 0 });
    expect(await api.getIdList(openid)).toEqual({ tagid_list: [tag.id] });
    expect(await api.getUsersFromTag(tag.id)).toMatchObject({ count: 1, data: { openid: [openid] } });
    expect(await api.updateRemark(openid, "张老师")).toMatchObject({ errcode: 0 });
    expect(await api.batchGetUsers([openid])).toMatchObject({
      user_info_list: [{ openid, remark: "张老师", tagid_list: [tag.id] }],
    });
    expect(await api.batchUnTagging([openid], tag.id)).toMatchObject({ errcode: 0 });
    expect(await api.deleteTag(tag.id)).toMatchObject({ errcode: 0 });
    await expect(api.deleteTag(2)).rejects.toMatchObject({ code: 45058 });
  });

  test("media, the material library and mass sending", async () => {
    const api = await client();
    await emulator.world.configurePush(appid, { url: developer.url, token: "lantern" });
    const { openid } = emulator.world.chat(puppet);
    const picture = fileURLToPath(new URL("pixel.png", import.meta.url));
    const passing = await api.uploadMedia(picture, "image");
    expect(await api.getMedia(passing.media_id)).toEqual(await readFile(picture));
    const kept = await api.uploadImageMaterial(picture);
    expect(await api.getMaterialCount()).toMatchObject({ image_count: 1 });
    expect(await api.getMaterials("image", 0, 20)).toMatchObject({ item: [{ media_id: kept.media_id }] });
    expect(await api.previewText(openid, "新茶")).toMatchObject({ errcode: 0 });
    const sent = await api.massSendImage(kept.media_id, true, "spring");
    await emulator.world.settle();
    const finished = developer.pushes.find(({ body }) => body.includes("MASSSENDJOBFINISH"));
    expect(finished?.body).toContain(`<MsgID>${String(sent.msg_id)}</MsgID>`);
    expect(finished?.body).toContain("<SentCount>1</SentCount>");
    await expect(api.massSendText("新茶", [openid])).rejects.toMatchObject({ code: 40130 });
    expect(await api.removeMaterial(kept.media_id)).toMatchObject({ errcode: 0 });
    await expect(api.massSendImage(kept.media_id, true)).rejects.toMatchObject({ code: 40007 });
  });
});

describe("@wecom/crypto", () => {
  test.each([
    ["safe", "xml"],
    ["safe", "json"],
    ["compatible", "xml"],
    ["compatible", "json"],
  ] as const)("opens a push in %s mode, %s", async (mode, format) => {
    const push = { url: developer.url, token: "lantern", encodingAesKey, mode, format };
    await emulator.world.seed({
      accounts: [{ appid: "wxlantern", push }],
      puppets: [{ id: puppet, follows: ["wxlantern"] }],
    });
    await emulator.world.say(puppet, { text: "春茶到了吗？" });
    const [received] = developer.pushes;
    const body = received?.body ?? "";
    const query = received?.url.searchParams;
    const encrypted = (format === "xml" ? /<Encrypt><!\[CDATA\[(.*?)\]\]>/ : /"Encrypt":"(.*?)"/).exec(body)?.[1] ?? "";
    expect(query?.get("encrypt_type")).toBe("aes");
    expect(query?.get("msg_signature")).toBe(
      getSignature("lantern", query?.get("timestamp") ?? "", query?.get("nonce") ?? "", encrypted),
    );
    const opened = decrypt(encodingAesKey, encrypted);
    expect(opened.id).toBe("wxlantern");
    expect(opened.message).toContain("春茶到了吗？");
    // Safe mode hides the text; compatible mode sends it beside.
    expect(body.includes("春茶到了吗？")).toBe(mode === "compatible");
  });
});

test("nodemailer: a mail with two bodies and an attachment lands in the mailbox", async () => {
  const transport = createTransport(emulator.smtpUrl);
  await transport.sendMail({
    from: "灯笼茶 <shop@lantern.example>",
    to: ["one@example.com", "two@example.com"],
    subject: "邀请你加入 Lantern Tea",
    text: "点开链接",
    html: "<p>点开<b>链接</b></p>",
    attachments: [{ filename: "茶单.txt", content: "龙井" }],
  });
  expect(emulator.world.mails()).toMatchObject([
    {
      from: "灯笼茶 <shop@lantern.example>",
      to: ["one@example.com", "two@example.com"],
      subject: "邀请你加入 Lantern Tea",
      text: expect.stringContaining("点开链接"),
      html: expect.stringContaining("<b>链接</b>"),
      attachments: [{ name: "茶单.txt", type: "text/plain", bytes: 6 }],
    },
  ]);
});
