import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  bindApp: { zh: "绑定公众号", en: "Bind an official account" },
  updateApp: { zh: "修改公众号", en: "Change an official account" },
  unbindApp: { zh: "解绑公众号", en: "Unbind an official account" },
  replaceToken: { zh: "更换接口凭证", en: "Replace an access token" },
  forceToken: { zh: "强制刷新接口凭证", en: "Force a new access token" },
  resetQuota: { zh: "清零接口调用次数", en: "Reset call quotas" },
  diagnose: { zh: "诊断公众号", en: "Diagnose an official account" },
  saveMenu: { zh: "保存菜单草稿", en: "Save a menu's draft" },
  publishMenu: { zh: "发布菜单", en: "Publish a menu" },
  takeMenuBack: { zh: "取回菜单的旧版本", en: "Take an earlier menu back" },
  createChannel: { zh: "新建渠道", en: "Create a channel" },
  updateChannel: { zh: "修改渠道", en: "Change a channel" },
  deleteChannel: { zh: "删除渠道", en: "Delete a channel" },
};
