import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  sync: { zh: "同步微信素材", en: "Synchronise WeChat material" },
  upload: { zh: "上传微信素材", en: "Upload WeChat material" },
  updateCard: { zh: "修改小程序卡片", en: "Change a mini-program card" },
  makeCard: { zh: "重新制作小程序卡片", en: "Make a mini-program card again" },
  delete: { zh: "删除微信素材", en: "Delete WeChat material" },
};
