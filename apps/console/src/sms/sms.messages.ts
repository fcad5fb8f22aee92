import { pair } from "../common/pair.ts";

export const smsMessages = pair(
  {
    module: "短信",
    workNames: { pull_receipts: "获取短信回执" },
    test: "试发短信",
    phone: "手机号",
    send: "发送",
    cancel: "取消",
    replies: "查看回复",
    preview: "预览",
  },
  {
    module: "Text messages",
    workNames: { pull_receipts: "Fetch receipts of text messages" },
    test: "Send a text to try it",
    phone: "Number",
    send: "Send",
    cancel: "Cancel",
    replies: "See replies",
    preview: "Preview",
  },
);
