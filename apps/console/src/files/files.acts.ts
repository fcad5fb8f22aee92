import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  beginUpload: { zh: "开始上传大文件", en: "Begin to upload a large file" },
  sendUpload: { zh: "上传大文件的一段", en: "Upload a piece of a large file" },
  endUpload: { zh: "取消上传", en: "End an upload" },
  upload: { zh: "上传文件", en: "Upload a file" },
  link: { zh: "生成文件的下载链接", en: "Make a link to a file" },
  delete: { zh: "删除文件", en: "Delete a file" },
};
