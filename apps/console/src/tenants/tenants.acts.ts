import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  create: { zh: "开通企业", en: "Open a business" },
  update: { zh: "修改企业的套餐、到期或限额", en: "Change a business's plan, expiry or limits" },
  suspend: { zh: "暂停企业", en: "Suspend a business" },
  resume: { zh: "恢复企业", en: "Resume a business" },
  invite: { zh: "重新邀请企业负责人", en: "Invite the owner of a business again" },
};
