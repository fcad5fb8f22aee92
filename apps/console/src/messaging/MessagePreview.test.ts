import { beforeEach, expect, test } from "vitest";
import { createApp, h } from "vue";
import { i18n } from "../common/language.ts";
import MessagePreview from "./MessagePreview.vue";

beforeEach(() => {
  i18n.global.locale.value = "zh";
});
function shown(content: Record<string, unknown>): string {
  const host = document.createElement("div");
  const app = createApp(() => h(MessagePreview, { channel: "wechat_reply", content }));
  app.use(i18n).mount(host);
  const text = host.querySelector(".chat")?.textContent?.trim() ?? "";
  app.unmount();
  return text;
}

test("a preview shows what isn't text: cards by their title, pictures and the like by their kind", () => {
  expect(shown({ text: "有的" })).toBe("有的");
  const news = shown({ message: { type: "news", title: "会员日", description: "每月八号" } });
  for (const part of ["会员日", "每月八号", "图文"]) expect(news).toContain(part);
  expect(shown({ message: { type: "miniprogrampage", title: "点单" } })).toContain("小程序");
  expect(shown({ message: { type: "image", mediaId: "m" } })).toBe("[图片]");
  expect(shown({ fileId: "f", fileName: "茶.png" })).toBe("[图片] 茶.png");
});
