import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  send: { zh: "试发订阅消息", en: "Try a subscription message" },
  report: { zh: "上报订阅弹窗的结果", en: "Report a subscription's dialogue" },
};
