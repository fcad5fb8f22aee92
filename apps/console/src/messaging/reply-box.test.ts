import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createApp, h, nextTick, shallowRef, type App } from "vue";
import { i18n } from "../common/language.ts";
import { pinia } from "../common/signed-in.ts";
import type { Detail } from "./conversation.ts";
import ReplyBox from "./ReplyBox.vue";

const { reply, showTyping } = vi.hoisted(() => ({ reply: vi.fn(), showTyping: async () => ({ isShown: true }) }));
vi.mock("../common/api.ts", () => ({ api: { messaging: { reply, showTyping } } }));

const conversation = shallowRef({ id: "c1", wechatAppId: "a1", lastReplyId: "r1", refusal: null } as Detail);
let app: App;
let host: HTMLElement;
beforeEach(() => {
  i18n.global.locale.value = "zh";
  sessionStorage.clear();
  host = document.createElement("div");
  const props = () => ({ conversation: conversation.value, refresh: async () => {} });
  app = createApp(() => h(ReplyBox, props()));
  app.use(pinia).use(i18n).mount(host);
});
afterEach(() => {
  app.unmount();
  vi.clearAllMocks();
});

async function send(text: string): Promise<void> {
  const box = host.querySelector("textarea") as HTMLTextAreaElement;
  box.value = text;
  box.dispatchEvent(new Event("input"));
  await nextTick();
  const calls = reply.mock.calls.length;
  host.querySelector("form")?.dispatchEvent(new Event("submit", { cancelable: true }));
  await expect.poll(() => reply.mock.calls.length).toBe(calls + 1);
  await nextTick();
}

test("a reply whose answer was lost is asked for again as it was, though the thread shows it by now", async () => {
  reply.mockRejectedValueOnce(new TypeError("Failed to fetch"));
  await send("留一份");
  await expect.poll(() => host.querySelector("[role=alert]")).not.toBeNull();
  conversation.value = { ...conversation.value, lastReplyId: "the lost one" };
  await nextTick();
  reply.mockResolvedValueOnce({ id: "the lost one" });
  await send("留一份");
  expect(reply.mock.calls[1]).toEqual(reply.mock.calls[0]);
  // What is written next is a call of its own, by somebody who has seen that one.
  reply.mockResolvedValueOnce({ id: "r3" });
  await expect.poll(() => host.querySelector("textarea")?.value).toBe("");
  await send("留一份");
  expect(reply.mock.calls[2]?.[0]).toMatchObject({ lastReplyId: "the lost one" });
  expect(reply.mock.calls[2]?.[1]).not.toEqual(reply.mock.calls[0]?.[1]);
});
