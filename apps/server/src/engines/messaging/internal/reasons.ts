import { fill, type LocalizedText } from "@zhanggui/kit/contract/text";

/** Every sentence with which a delivery explains itself. */
const sentences = {
  channelEntered: {
    zh: "有人扫了渠道码，触发场景“{scene}”（第 {version} 版）。",
    en: "Somebody scanned a channel's code: the scene “{scene}” (version {version}) starts.",
  },
  personFollowed: {
    zh: "有人关注了公众号，触发场景“{scene}”（第 {version} 版）。",
    en: "Somebody followed the account: the scene “{scene}” (version {version}) starts.",
  },
  replyAsked: { zh: "{by} 在会话中写了回复。", en: "{by} wrote an answer in the conversation." },
  ruleAsked: { zh: "自动回复规则“{rule}”。", en: "The auto-reply rule “{rule}”." },
  ruleChanged: {
    zh: "未发送：规则“{rule}”在回复之后被修改，其余内容已不是当时的回复。",
    en: "Not sent: the rule “{rule}” was changed after it had answered, so what it says now is another answer.",
  },
  cardLacking: {
    zh: "未发送：规则“{rule}”里的小程序卡片还没有做好，或小程序已解绑。请在“微信素材”里查看。",
    en: "Not sent: the mini-program card of the rule “{rule}” isn't made, or the mini-program is unbound. “WeChat material” tells.",
  },
  busyAsked: { zh: "客服正忙，发送提示语。", en: "All who answer are busy: the customer is told so." },
  willReply: { zh: "将作为客服消息发给客户。", en: "It will be sent as a customer-service message." },
  replyDelivered: {
    zh: "微信已发给客户（客服消息没有另外的回执）。",
    en: "WeChat passed it on to the customer (such messages have no receipt of their own).",
  },
  willSend: { zh: "将发送给 {to}。", en: "It will be sent to {to}." },
  noMailAddress: { zh: "未发送：不知道此人的邮箱。", en: "Not sent: no mail address is known for this person." },
  noLeader: { zh: "未发送：来源渠道没有负责人邮箱。", en: "Not sent: there is no channel whose leader could be told." },
  notFollowing: {
    zh: "未发送：此人已取消关注，微信不会送达。",
    en: "Not sent: this person no longer follows, so WeChat would not deliver it.",
  },
  appOff: { zh: "未发送：微信应用已停用。", en: "Not sent: the WeChat app is switched off." },
  badTemplate: {
    zh: "未发送：模板无法渲染（{reason}）。",
    en: "Not sent: the template can't be filled in ({reason}).",
  },
  cannedUnfilled: {
    zh: "对这位客户填不出来（{reason}）。",
    en: "It can't be filled in for this customer ({reason}).",
  },
  submitting: { zh: "开始第 {attempt} 次提交。", en: "Submitting, attempt {attempt}." },
  acceptedWechat: {
    zh: "微信已受理（msgid {providerId}），等待送达回执。",
    en: "WeChat accepted it (msgid {providerId}); its receipt is awaited.",
  },
  acceptedMail: { zh: "邮件服务器已接收：{answer}", en: "The mail server took it: {answer}" },
  refused: { zh: "被拒绝：{reason}", en: "Refused: {reason}" },
  retry: {
    zh: "没有送出（{reason}），{seconds} 秒后重试。",
    en: "It did not go out ({reason}); next try in {seconds} seconds.",
  },
  gaveUp: {
    zh: "{attempts} 次尝试都没有送出（{reason}），不再重试。",
    en: "It did not go out in {attempts} tries ({reason}); no more are made.",
  },
  noAnswer: {
    zh: "提交后没有收到答复（{reason}）：可能已送出，也可能没有，因此不会重发。",
    en: "No answer came after it was submitted ({reason}): it may or may not have gone out, so it is not sent again.",
  },
  lost: {
    zh: "提交途中服务器中断：可能已送出，也可能没有，因此不会重发。",
    en: "The server died while submitting: it may or may not have gone out, so it is not sent again.",
  },
  noMailServer: {
    zh: "未发送：没有配置邮件服务器（SMTP_URL）。",
    en: "Not sent: no mail server is configured (SMTP_URL).",
  },
  delivered: { zh: "微信回执：已送达。", en: "WeChat's receipt: delivered." },
  blocked: {
    zh: "微信回执：用户拒收（{status}）。",
    en: "WeChat's receipt: the user blocks such messages ({status}).",
  },
  notDelivered: {
    zh: "微信回执：发送失败（{status}）。",
    en: "WeChat's receipt: it could not be delivered ({status}).",
  },
} satisfies Record<string, LocalizedText>;

export type Reason = keyof typeof sentences;

export function explain(sentence: Reason, values: Readonly<Record<string, unknown>> = {}): LocalizedText {
  const { zh, en } = sentences[sentence];
  return { zh: fill(zh, values), en: fill(en, values) };
}
