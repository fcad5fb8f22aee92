import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  createEndpoint: { zh: "新建 Webhook", en: "Create a webhook" },
  updateEndpoint: { zh: "修改 Webhook", en: "Change a webhook" },
  rotateSecret: { zh: "更换 Webhook 签名密钥", en: "Give a webhook a new secret" },
  testEndpoint: { zh: "发送 Webhook 测试事件", en: "Send a test event to a webhook" },
  replayMissed: { zh: "补发 Webhook 错过的事件", en: "Replay what a webhook missed" },
  deleteEndpoint: { zh: "删除 Webhook", en: "Delete a webhook" },
  resend: { zh: "重新投递", en: "Send a delivery again" },
  resendSome: { zh: "批量重新投递", en: "Send deliveries again" },
};
