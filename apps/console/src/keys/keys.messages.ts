import { pair } from "../common/pair.ts";

export const keysMessages = pair(
  {
    module: "API 密钥",
    token: {
      title: "“{name}”的密钥",
      hint: "请现在复制并妥善保存，关闭后无法再次查看。",
      copy: "复制密钥",
      done: "已保存好",
      call: "调用示例",
      docs: "接口文档",
    },
  },
  {
    module: "API keys",
    token: {
      title: "The key of “{name}”",
      hint: "Copy it now and keep it safe: it can't be shown again.",
      copy: "Copy the key",
      done: "I have kept it",
      call: "How to call",
      docs: "API documentation",
    },
  },
);
