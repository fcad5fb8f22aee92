import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  create: { zh: "打包文件", en: "Pack files into a zip" },
  pause: { zh: "暂停打包", en: "Pause a zip" },
  resume: { zh: "继续打包", en: "Go on with a zip" },
  download: { zh: "下载压缩包", en: "Fetch a zip" },
  delete: { zh: "取消或删除压缩包", en: "Cancel or delete a zip" },
};
