import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  create: { zh: "导出列表", en: "Export a list" },
  pause: { zh: "暂停导出", en: "Pause an export" },
  resume: { zh: "继续导出", en: "Go on with an export" },
  download: { zh: "下载导出的文件", en: "Fetch an exported file" },
  delete: { zh: "取消或删除导出", en: "Cancel or delete an export" },
};
