import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { RouteLocationRaw } from "vue-router";

/** What is known of how far a new business is; undefined where the account may not look. */
export interface Progress {
  readonly connect?: { readonly app: boolean; readonly verified: boolean; readonly channel: boolean } | undefined;
  readonly messaging?: { readonly rule: boolean; readonly scene: boolean } | undefined;
  readonly hasPeople?: boolean | undefined;
}
export interface Step {
  readonly title: LocalizedText;
  /** What to do there. */
  readonly hint: LocalizedText;
  readonly isDone: boolean;
  readonly to: RouteLocationRaw;
}

/** From nothing to a working account, in the order in which one thing needs the other. */
export function firstSteps({ connect, messaging, hasPeople }: Progress): Step[] {
  return [
    ...(connect === undefined
      ? []
      : [
          {
            title: { zh: "绑定公众号", en: "Bind an official account" },
            hint: { zh: "填入 AppID 和 AppSecret，两分钟。", en: "Its AppID and AppSecret: two minutes." },
            isDone: connect.app,
            to: { name: "apps" },
          },
          {
            title: { zh: "让微信连上这里", en: "Let WeChat reach this server" },
            hint: {
              zh: "把服务器地址和令牌填到公众平台，再点“提交”验证。",
              en: "Enter the address and the token in WeChat's admin page and submit: WeChat checks them.",
            },
            isDone: connect.verified,
            to: { name: "apps" },
          },
          {
            title: { zh: "生成第一个渠道码", en: "Make the first channel code" },
            hint: {
              zh: "贴在门店或海报上，就知道客户从哪来。",
              en: "Put it up in the shop, and know where people come from.",
            },
            isDone: connect.channel,
            to: { name: "channels" },
          },
        ]),
    ...(messaging === undefined
      ? []
      : [
          {
            title: { zh: "写一条自动回复", en: "Write an auto-reply" },
            hint: {
              zh: "有人关注或说“菜单”时，马上有回应。",
              en: "Whoever follows or asks for the menu is answered at once.",
            },
            isDone: messaging.rule,
            to: { name: "rules" },
          },
          {
            title: { zh: "建一个消息场景", en: "Make a scene" },
            hint: {
              zh: "有人扫码时，发模板消息，并通知负责人。",
              en: "When somebody scans a code: a template message, and a mail to its leader.",
            },
            isDone: messaging.scene,
            to: { name: "scenes" },
          },
        ]),
    ...(hasPeople === undefined
      ? []
      : [
          {
            title: { zh: "迎来第一位客户", en: "Welcome the first follower" },
            hint: { zh: "用自己的微信扫一下渠道码试试。", en: "Scan the code with your own WeChat." },
            isDone: hasPeople,
            to: { name: "people" },
          },
        ]),
  ];
}
