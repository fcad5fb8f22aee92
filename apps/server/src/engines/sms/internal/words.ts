import { fill, type LocalizedText } from "@zhanggui/kit/contract/text";
import type { Refusal } from "@zhanggui/sms/provider";

const sentences = {
  submitting: { zh: "正在提交给服务商。", en: "Being handed to the carrier." },
  accepted: { zh: "服务商已接收，等待送达回执。", en: "The carrier took it; the network's receipt is still to come." },
  delivered: { zh: "已送达手机。", en: "It reached the phone." },
  undelivered: { zh: "未送达：{code}。", en: "It didn't reach the phone: {code}." },
  no_receipt: { zh: "72 小时内没有收到送达回执。", en: "No receipt came within 72 hours." },
  unknown: {
    zh: "服务商没有明确答复（{reason}），可能已经发出，因此没有重发。",
    en: "The carrier gave no clear answer ({reason}). It may have gone out, so it wasn't sent again.",
  },
  unreached: { zh: "连接不上服务商：{reason}。", en: "The carrier couldn't be reached: {reason}." },
  not_taken: {
    zh: "没有收到服务商的答复；查询得知它没有接收，因此没有发出。",
    en: "The carrier didn't answer. Asked later, it says that it never took it: it wasn't sent.",
  },
  lost: {
    zh: "提交时服务中断，可能已经发出，因此没有重发。",
    en: "The server stopped while it was handed over. It may have gone out, so it wasn't sent again.",
  },
} as const;

export function explain(what: keyof typeof sentences, details: Readonly<Record<string, unknown>> = {}): LocalizedText {
  const { zh, en } = sentences[what];
  return { zh: fill(zh, details), en: fill(en, details) };
}

const refusals: Readonly<Record<Refusal, LocalizedText>> = {
  recipient: { zh: "号码无效或已拒收", en: "The number is wrong or refuses" },
  recipient_limit: { zh: "这个号码收到得太频繁", en: "This number has had too many" },
  template: { zh: "签名或模板未通过审核", en: "Signature or template isn't approved" },
  values: { zh: "填入的内容不允许", en: "What was put in isn't allowed" },
  account: { zh: "账号不可用", en: "The account can't be used" },
  window: { zh: "当前时段不允许发送", en: "Not allowed at this hour" },
  busy: { zh: "服务商繁忙", en: "The carrier is busy" },
  request: { zh: "请求有误", en: "The call was malformed" },
};

export function refusedBecause(why: Refusal, code: string): LocalizedText {
  const { zh, en } = refusals[why];
  return { zh: `${zh}：${code}。`, en: `${en}: ${code}.` };
}
