import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  ask: { zh: "发送验证码", en: "Send a verification code" },
  verify: { zh: "核对验证码", en: "Check a verification code" },
};
