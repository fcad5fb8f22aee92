import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  create: { zh: "读取要导入的文件", en: "Have a file read for import" },
  check: { zh: "检查要导入的文件", en: "Check a file before its import" },
  run: { zh: "导入文件", en: "Import a file" },
  pause: { zh: "暂停导入", en: "Pause an import" },
  resume: { zh: "继续导入", en: "Go on with an import" },
  cancel: { zh: "取消导入", en: "Cancel an import" },
  errors: { zh: "下载导入失败的行", en: "Fetch the rows that an import refused" },
  delete: { zh: "删除导入记录", en: "Delete an import" },
};
