/** Everything that the page says. */
const words = {
  signInTo: { zh: "登录 {name}", en: "Sign in to {name}" },
  by: { zh: "用什么登录", en: "Sign in by" },
  phone: { zh: "手机", en: "Phone" },
  mail: { zh: "邮箱", en: "Mail" },
  wechat: { zh: "微信", en: "WeChat" },
  wechatSignIn: { zh: "微信登录", en: "Sign in with WeChat" },
  wechatBy: { zh: "用“{name}”微信登录", en: "Sign in with WeChat ({name})" },
  wechatHint: { zh: "商家会看到您的微信昵称和头像。", en: "The business will see your WeChat name and picture." },
  link: { zh: "关联微信", en: "Link WeChat" },
  add: { zh: "关联", en: "Link" },
  addTitle: { zh: "关联手机号或邮箱", en: "Link a phone number or mail address" },
  phoneNumber: { zh: "手机号", en: "Phone number" },
  mailAddress: { zh: "邮箱地址", en: "Mail address" },
  getCode: { zh: "获取验证码", en: "Get a code" },
  again: { zh: "{n} 秒后重发", en: "Again in {n} s" },
  code: { zh: "验证码", en: "Code" },
  signIn: { zh: "登录", en: "Sign in" },
  checking: { zh: "正在进行安全验证，请稍候…", en: "A security check is running, one moment…" },
  sending: { zh: "正在发送…", en: "Sending…" },
  sent: { zh: "验证码已发出，请查收。", en: "The code is on its way." },
  noWay: { zh: "暂未开放登录。", en: "Signing in isn't offered at the moment." },
  notHere: {
    zh: "这个页面的地址不完整，请从商家提供的入口打开。",
    en: "This address is incomplete. Open the page from where the business links to it.",
  },
  unreachable: {
    zh: "网络不通，请检查后重试。",
    en: "The server can't be reached. Check your connection and try again.",
  },
  me: { zh: "我的登录", en: "Signed in" },
  name: { zh: "称呼", en: "Name" },
  address: { zh: "登录方式", en: "By" },
  since: { zh: "登录时间", en: "Since" },
  news: { zh: "动态", en: "What is new" },
  live: { zh: "实时更新中", en: "Updating live" },
  lost: { zh: "连接已断开，正在重连…", en: "Connection lost, trying again…" },
  nothing: { zh: "还没有动态。", en: "Nothing yet." },
  signOut: { zh: "退出登录", en: "Sign out" },
  out: { zh: "您已退出登录。", en: "You are signed out." },
  other: { zh: "English", en: "中文" },
  signed_in: { zh: "在 {browser} 登录", en: "Signed in with {browser}" },
  session_ended: { zh: "有一处登录被商家结束", en: "The business ended a sign-in" },
  followed: { zh: "关注了公众号", en: "Followed the account" },
  scanned: { zh: "扫码进入", en: "Came by a code" },
  something: { zh: "有新的动态", en: "Something happened" },
};

const kept = "zhanggui.customer.language";
let current = localStorage.getItem(kept) ?? (navigator.language.startsWith("zh") ? "zh" : "en");

export function language() {
  return current;
}

export function switchLanguage() {
  current = current === "zh" ? "en" : "zh";
  localStorage.setItem(kept, current);
}

export function has(key) {
  return Object.hasOwn(words, key);
}

export function t(key, values = {}) {
  return words[key][current].replaceAll(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
