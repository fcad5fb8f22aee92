import { expect, test } from "vitest";
import { WechatClient } from "./client.ts";
import { type CustomMessage, sendCustomMessage, showTyping, uploadTemporaryMedia } from "./custom-messages.ts";

/** Answers every request with `answer` and keeps what was asked. */
function wechat(answer: object) {
  const asked: { path: string; query: Record<string, string>; body: unknown }[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    const url = input as URL;
    const { access_token: _token, ...query } = Object.fromEntries(url.searchParams);
    const body = typeof init?.body === "string" ? (JSON.parse(init.body) as unknown) : init?.body;
    asked.push({ path: url.pathname, query, body });
    return Promise.resolve(new Response(JSON.stringify(answer)));
  };
  const tokens = { get: () => Promise.resolve("token"), replace: () => Promise.resolve("token") };
  return { client: new WechatClient({ apiUrl: "http://wechat.test/", tokens, fetch }), asked };
}

const link = { title: "会员日", description: "每月八号", url: "https://a.example/", pictureUrl: "https://a.example/p" };
const card = { title: "点单", pagePath: "pages/order", thumbMediaId: "T" };
test.each<[CustomMessage, object]>([
  [{ type: "text", text: "在" }, { content: "在" }],
  [{ type: "image", mediaId: "M" }, { media_id: "M" }],
  [
    { type: "video", mediaId: "M", thumbMediaId: "T", title: "茶" },
    { media_id: "M", thumb_media_id: "T", title: "茶" },
  ],
  [
    { type: "music", thumbMediaId: "T", musicUrl: "https://a.example/1", hqMusicUrl: "https://a.example/2" },
    { thumb_media_id: "T", musicurl: "https://a.example/1", hqmusicurl: "https://a.example/2" },
  ],
  [
    { type: "news", ...link },
    { articles: [{ title: "会员日", description: "每月八号", url: link.url, picurl: link.pictureUrl }] },
  ],
  [
    { type: "link", ...link },
    { title: "会员日", description: "每月八号", url: link.url, thumb_url: link.pictureUrl },
  ],
  [
    { type: "miniprogrampage", appId: "wx1", ...card },
    { title: "点单", appid: "wx1", pagepath: "pages/order", thumb_media_id: "T" },
  ],
  [
    { type: "msgmenu", head: "满意吗？", choices: [{ id: "1", text: "满意" }], tail: "" },
    { head_content: "满意吗？", list: [{ id: "1", content: "满意" }], tail_content: "" },
  ],
])("%j goes out in WeChat's words", async (message, part) => {
  const { client, asked } = wechat({ errcode: 0 });
  await sendCustomMessage(client, { openid: "o1", message });
  const body = { touser: "o1", msgtype: message.type, [message.type]: part };
  expect(asked).toEqual([{ path: "/cgi-bin/message/custom/send", query: {}, body }]);
});

test("a picture is uploaded as a form, whose bytes are the picture's", async () => {
  const { client, asked } = wechat({ type: "image", media_id: "M", created_at: 1 });
  const file = { bytes: Buffer.from("茶"), contentType: "image/png", fileName: "茶.png" };
  expect(await uploadTemporaryMedia(client, "image", file)).toEqual({ mediaId: "M" });
  const [{ path, query, body } = { path: "", query: {}, body: undefined }] = asked;
  expect([path, query]).toEqual(["/cgi-bin/media/upload", { type: "image" }]);
  const media = (body as FormData).get("media") as File;
  expect([media.name, media.type, await media.text()]).toEqual(["茶.png", "image/png", "茶"]);
});

test("that somebody is writing is shown, and shown no longer", async () => {
  const { client, asked } = wechat({ errcode: 0 });
  await showTyping(client, { openid: "o1", isTyping: true });
  await showTyping(client, { openid: "o1", isTyping: false });
  expect(asked.map(({ body }) => body)).toEqual(
    ["Typing", "CancelTyping"].map((command) => ({ touser: "o1", command })),
  );
});
