import { fault } from "@zhanggui/kit/contract/fault";

// What routes answer that call WeChat.

export const boundElsewhere = fault("connect.bound_elsewhere", 409, {
  zh: "AppID {appId} 已绑定在本服务器的另一个企业，且对方的 AppSecret 仍然有效。如果公众号归您，请在公众平台重置 AppSecret，再用新的绑定。",
  en:
    "The AppID {appId} is bound by another business on this server, whose AppSecret still works. " +
    "If the account is yours, reset its AppSecret in WeChat's admin page and bind it with the new one.",
});
export const appOff = fault("connect.app_off", 409, {
  zh: "微信应用“{name}”已停用，请先启用。",
  en: "The app “{name}” is switched off; switch it on first.",
});
export const wechatRefused = fault(
  "connect.wechat_refused",
  502,
  { zh: "微信拒绝了请求（{errcode}）：{explanationZh}", en: "WeChat refused ({errcode}): {explanationEn}" },
  { errno: 1101 },
);
export const wechatUnreachable = fault(
  "connect.wechat_unreachable",
  502,
  { zh: "连接不上微信：{reason}", en: "WeChat can't be reached: {reason}" },
  { errno: 1101, isOutcomeUnknown: true },
);
/** D-84. */
/**
 * WeChat shows a page as a snapshot where it is asked for somebody's name without need: people look at it as a visitor
 * who is made up, until they tap for the whole of it (`is_snapshotuser`, WeChat's notice of 2022-05-09).
 */
export const snapshotPage = fault(
  "connect.snapshot_page",
  403,
  {
    zh: "这是微信的网页快照，只能浏览，不能登录。请点右下角的“使用完整服务”。",
    en: "This is WeChat's snapshot of the page, to look at only. Tap the button for the full service at the bottom right to sign in.",
  },
  { errno: 2501 },
);
export const pageLoginFailed = fault(
  "connect.page_login_failed",
  403,
  {
    zh: "微信授权失败（{errcode}）：{explanationZh}",
    en: "WeChat's authorisation failed ({errcode}): {explanationEn}",
  },
  { errno: 2501 },
);

export const mediaGone = fault("connect.media_gone", 410, {
  zh: "微信只保留 3 天，这条语音或视频已经取不到了。",
  en: "WeChat keeps voice and video for three days only: this one can't be had any more.",
});
