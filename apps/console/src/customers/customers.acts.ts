import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  end: { zh: "结束客户的登录", en: "Sign a customer out" },
  endAll: { zh: "结束客户的全部登录", en: "Sign a customer out everywhere" },
  block: { zh: "禁止客户登录", en: "Forbid a customer to sign in" },
  signOut: { zh: "客户退出登录", en: "Sign out as a customer" },
  linkWechat: { zh: "关联微信", en: "Link WeChat" },
  addContact: { zh: "添加手机号或邮箱", en: "Add a phone number or a mail address" },
  unblock: { zh: "恢复客户登录", en: "Let a customer sign in again" },
};
