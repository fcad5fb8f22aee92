// @ts-check

/** Every text of the pages: Chinese, English. */
const words = {
  brand: ["掌柜替身", "Zhanggui stand-in"],
  phone: ["手机", "Phone"],
  accounts: ["公众号", "Accounts"],
  mail: ["邮箱", "Mail"],
  journal: ["记录", "Journal"],
  rules: ["规则", "Rules"],
  trials: ["故障与快照", "Faults and snapshots"],
  language: ["English", "中文"],
  clockTitle: ["替身的时钟：点击拨动", "The emulator's clock: click to turn it"],
  clockAsk: [
    "把时钟拨快多少小时？（0 = 现在，可用小数和负数）",
    "How many hours ahead? (0 = now; may be negative or a fraction)",
  ],
  hoursAhead: ["拨快 {n} 小时", "{n} h ahead"],
  failed: ["没有成功：{message}", "That failed: {message}"],

  people: ["谁在用手机", "Who holds the phone"],
  seekPerson: ["按名字找人", "Find by name"],
  morePeople: ["还有 {n} 人，输入名字查找", "{n} more: type a name"],
  newPuppet: ["新的人", "New person"],
  newPuppetName: ["名字", "Name"],
  add: ["添加", "Add"],
  templateDelivery: ["模板消息", "Template messages"],
  success: ["正常送达", "Delivered"],
  user_block: ["用户拒收", "User blocks"],
  system_failed: ["系统失败", "System fails"],
  noPeople: ["还没有人。先添加一位，手机就亮了。", "Nobody yet. Add somebody and the phone lights up."],
  noAccounts: ["还没有公众号。", "No account yet."],
  openAccount: ["去开一个公众号", "Open one"],

  chats: ["消息", "Chats"],
  following: ["已关注", "Following"],
  discover: ["可以关注", "To follow"],
  follow: ["关注公众号", "Follow"],
  unfollow: ["取消关注", "Unfollow"],
  enter: ["进入公众号", "Open chat"],
  scan: ["扫一扫", "Scan"],
  scanHint: ["点一个二维码，就像用手机扫它", "Tap a code as if you scanned it"],
  scanPaste: ["粘贴 ticket 或网址", "Paste a ticket or url"],
  noCodes: [
    "还没有人生成过二维码。调用 qrcode/create 后会出现在这里。",
    "No code yet. Codes made by qrcode/create appear here.",
  ],
  expired: ["已过期", "Expired"],
  permanent: ["永久", "Permanent"],
  until: ["至 {time}", "until {time}"],
  back: ["返回", "Back"],
  write: ["发消息", "Message"],
  send: ["发送", "Send"],
  sendPicture: ["发一张图片", "Send a picture"],
  sendPlace: ["发送位置", "Share a place"],
  isTyping: ["对方正在输入…", "Typing…"],
  showMenu: ["菜单", "Menu"],
  showKeyboard: ["键盘", "Keyboard"],
  more: ["更多", "More"],
  emptyChat: ["还没有消息", "No messages yet"],
  noteFollowed: ["你已关注该公众号", "You follow this account now"],
  noteFollowedBy: ["你通过扫码关注了该公众号（{text}）", "You followed this account by a code ({text})"],
  noteUnfollowed: ["你已取消关注", "You unfollowed"],
  noteScanned: ["你扫了二维码（{text}）", "You scanned a code ({text})"],
  noteEntered: ["你进入了客服会话", "You opened the customer service chat"],
  noteTapped: ["你点了“{text}”", "You tapped “{text}”"],
  details: ["详情", "Details"],
  passive: ["被动回复", "Passive reply"],
  custom: ["客服消息", "Customer service"],
  template: ["模板消息", "Template message"],
  mass: ["群发", "Mass message"],
  choices: ["选项", "Choices"],
  card: ["小程序卡片", "Mini-program card"],
  location: ["位置", "Place"],
  picture: ["图片", "Picture"],
  news: ["图文", "Article"],
  media: ["媒体", "Media"],
  voiceMedia: ["语音", "Voice"],
  videoMedia: ["视频", "Video"],
  musicMedia: ["音乐", "Music"],
  wxcardMedia: ["卡券", "Coupon"],
  imageMedia: ["图片", "Picture"],
  miniIntro: [
    "替身里没有它的页面；下面是它的代码会向手机要的东西。",
    "Its pages aren't here; these are what its code would ask the phone for.",
  ],
  miniPhone: ["授权手机号", "Share the phone number"],
  miniSubscribe: ["订阅“{title}”", "Subscribe to “{title}”"],
  miniAgreed: ["已同意接收一条", "Agreed to one message"],
  miniEnter: ["进入客服会话", "Open the customer service chat"],
  miniCode: ["code：{code}", "code: {code}"],
  intro: [
    "这是替身里的公众号，消息会推送到开发者的服务器。",
    "An account of the emulator; messages are pushed to the developer's server.",
  ],
  noPush: ["它还没有配置服务器，消息哪儿也不去。", "It has no server yet: messages go nowhere."],

  trouble: ["给下一次推送找点麻烦", "Trouble for the next push"],
  troubleNone: ["一切正常", "None"],
  troubleLost: ["回复丢失一次，微信会重试", "Its answer is lost once: WeChat tries again"],
  troubleDead: ["三次回复全部丢失", "All three answers are lost"],
  troubleTwice: ["同一条消息同时来三遍", "It comes three times at once"],
  troubleSlow: ["晚到五秒", "It comes five seconds late"],
  troubleHeld: ["压住，等下一条之后才到", "It is held back until after the next one"],
  troubleSet: ["好，下一次推送会这样：{what}", "Ready. Next push: {what}"],

  faults: ["故障", "Faults"],
  faultsHint: [
    "选一种故障，接下来的调用或推送就会遇到它，用完即止。",
    "Choose one: the next calls or pushes meet it, and then it is used up.",
  ],
  faultKind: ["出什么错", "What goes wrong"],
  faultPath: ["接口路径或事件（留空则任何一个）", "Path or event (empty: any)"],
  faultCount: ["次数", "How often"],
  order: ["安排", "Order it"],
  faultsLeft: ["还没发生的", "Still to happen"],
  noFaults: ["没有安排故障", "None"],
  "fault-busy": ["接口：系统繁忙（-1）", "Call: WeChat is busy (-1)"],
  "fault-token-race": ["接口：别处换了令牌（40001）", "Call: the token was replaced elsewhere (40001)"],
  "fault-quota": ["接口：今日次数用完（45009）", "Call: the day's quota is used up (45009)"],
  "fault-timeout-before": ["接口：没有处理，也不回复", "Call: no answer, and nothing was done"],
  "fault-timeout-after": ["接口：处理了，但不回复", "Call: no answer, though all was done"],
  "fault-slow": ["接口：五秒后才回复", "Call: the answer takes five seconds"],
  "fault-duplicated": ["推送：同一条来两遍", "Push: it comes twice"],
  "fault-reordered": ["推送：排到下一条之后", "Push: it comes after the next one"],
  "fault-delayed": ["推送：晚到五秒", "Push: it comes five seconds late"],
  "fault-lost": ["推送：丢了", "Push: it is lost"],
  "fault-bad-signature": ["推送：签名不对", "Push: its signature is wrong"],
  snapshots: ["快照", "Snapshots"],
  snapshotsHint: [
    "把整个世界按名字存下来，随时恢复：人、聊天、令牌、时钟都会回到那一刻。",
    "Put the whole world aside under a name and bring it back: people, chats, tokens and the clock as they were.",
  ],
  snapshotName: ["快照名", "Its name"],
  takeSnapshot: ["存下现在", "Keep this moment"],
  restore: ["恢复", "Restore"],
  restored: ["已恢复到“{name}”", "“{name}” is back"],
  noSnapshots: ["还没有快照", "No snapshot yet"],

  webView: ["网页", "Web page"],
  webViewHint: [
    "页面引用的 jweixin 由替身提供；wx.config 的签名会真的校验。",
    "Its jweixin script is the emulator's; the signature of wx.config is really checked.",
  ],
  pageAsks: ["网页向微信要了什么", "What the page asked WeChat for"],
  closePage: ["关闭网页", "Close the page"],
  pageClosed: ["网页已关闭", "The page is closed"],
  shareSet: ["分享卡片已设为“{title}”", "The share card is “{title}”"],
  openPage: ["打开网页", "Open a page"],

  wire: ["线上发生了什么", "On the wire"],
  wireHint: [
    "操作一下手机，这里会显示推送、回复、耗时和重试。",
    "Use the phone; pushes, replies, times and tries show here.",
  ],
  push: ["推送", "Push"],
  api: ["调用", "Call"],
  check: ["校验", "Check"],
  letter: ["邮件", "Mail"],
  request: ["请求", "Request"],
  response: ["回复", "Response"],
  tries: ["{n} 次", "{n}×"],
  noResponse: ["（空）", "(empty)"],
  deviations: ["与文档不符：{list}", "Not as documented: {list}"],
  inChat: ["已显示在聊天里", "shown in the chat"],
  silent: ["无回复", "no reply"],
  answered: ["已回复", "answered"],
  didFollow: ["关注", "Follow"],
  didUnfollow: ["取消关注", "Unfollow"],
  didScan: ["扫码", "Scan"],
  didSay: ["发消息", "Message"],
  didTap: ["点菜单", "Menu tap"],
  didPicture: ["发图片", "Picture"],
  didPlace: ["发位置", "Place"],
  elsewhere: ["其他", "Elsewhere"],

  newAccount: ["开一个公众号", "Open an account"],
  accountName: ["名称", "Name"],
  openPlatform: ["开放平台（同名则共享 unionid）", "Open platform (same name: shared unionid)"],
  optional: ["可不填", "optional"],
  create: ["创建", "Create"],
  identity: ["开发者信息", "Identity"],
  kindOfAccount: ["账号类型", "Kind of account"],
  service: ["服务号", "Service account"],
  subscription: ["订阅号", "Subscription account"],
  miniprogram: ["小程序", "Mini-program"],
  verification: ["微信认证", "Verified by WeChat"],
  verified: ["已认证", "Verified"],
  unverified: ["未认证", "Not verified"],
  ipWhitelist: ["IP 白名单（每行一个，留空则不限制）", "IP white list (one a line; empty: everybody)"],
  saveKind: ["保存", "Save"],
  saved: ["已保存", "Saved"],
  originalId: ["原始 ID", "Original id"],
  copy: ["复制", "Copy"],
  copied: ["已复制", "Copied"],
  followers: ["{n} 人关注", "followers: {n}"],
  server: ["服务器配置", "Server"],
  serverHint: [
    "提交时会像真的后台一样，先向 URL 发一次校验；答错就不保存。",
    "As the real admin page does, saving asks the url first; a wrong answer changes nothing.",
  ],
  url: ["URL", "URL"],
  token: ["Token", "Token"],
  key: ["EncodingAESKey", "EncodingAESKey"],
  generate: ["随机生成", "Generate"],
  mode: ["加解密方式", "Mode"],
  plain: ["明文模式", "Plain"],
  compatible: ["兼容模式", "Compatible"],
  safe: ["安全模式", "Safe"],
  format: ["数据格式", "Format"],
  save: ["提交", "Save"],
  removeServer: ["停用", "Remove"],
  checkOk: ["校验通过，{ms} 毫秒，已保存。", "The url answered rightly in {ms} ms. Saved."],
  configured: ["已配置", "configured"],
  notConfigured: ["未配置", "not configured"],
  templates: ["消息模板", "Message templates"],
  templateTitle: ["标题", "Title"],
  templateContent: ["内容，变量写作 {{name.DATA}}", "Content; values are {{name.DATA}}"],
  templateId: ["模板 ID", "Template id"],
  noTemplates: ["还没有模板", "No template yet"],
  remove: ["删除", "Remove"],
  danger: ["其他操作", "More"],
  voidTokens: ["让 access_token 全部失效", "Void all access tokens"],
  voided: ["{n} 个 access_token 已失效", "{n} access tokens voided"],
  deleteAccount: ["注销公众号", "Close the account"],
  deleteAsk: [
    "注销“{name}”？它的关注、聊天和二维码会一起消失。",
    "Close “{name}”? Its followers, chats and codes go too.",
  ],
  menuTitle: ["当前菜单", "Menu"],
  noMenu: ["没有菜单（用 menu/create 创建）", "No menu (made by menu/create)"],

  mails: ["收到的邮件", "Mailbox"],
  mailHint: [
    "任何人寄往任何地址的邮件都会落在这里，不会寄出。SMTP：{url}",
    "Every mail to anybody ends here; none is delivered. SMTP: {url}",
  ],
  sms: ["短信", "SMS"],
  texts: ["短信", "Texts"],
  textsHint: [
    "发往任何手机号的短信都会落在这里，不会真的发出。接收地址：{url}",
    "Every text message to any number ends here; none is sent. Handed over to {url}",
  ],
  noTexts: ["还没有短信", "No text messages yet"],
  noMails: ["还没有邮件", "No mail yet"],
  clear: ["清空", "Clear"],
  from: ["发件人", "From"],
  to: ["收件人", "To"],
  attachments: ["附件", "Attachments"],
  asHtml: ["网页", "HTML"],
  asText: ["文本", "Text"],
  asRaw: ["原文", "Raw"],
  chooseMail: ["选一封邮件来看", "Choose a mail"],

  rulesHint: [
    "替身遵守的每一条规则：出处、日期、把握。数值可以调低，行为可以切换，只影响这个替身。",
    "Every rule that the emulator keeps: where it was read, when, how sure it is. Numbers can be lowered and behaviours switched, for this emulator only.",
  ],
  seekRule: ["搜索路径、规则、错误码", "Search paths, rules, codes"],
  routes: ["接口", "Calls"],
  limits: ["限制与数值", "Limits and numbers"],
  switches: ["有分歧的行为", "Behaviours that sources disagree on"],
  codes: ["错误码", "Codes"],
  documented: ["官方文档", "documented"],
  reported: ["他人报告", "reported"],
  recalled: ["凭记忆", "recalled"],
  perDay: ["每日 {n} 次", "{n} a day"],
  perMinute: ["每分钟 {n} 次", "{n} a minute"],
  between: ["{min}–{max}", "{min}–{max}"],
  changed: ["已改，原为 {value}", "changed, was {value}"],
  reset: ["恢复", "Reset"],
  noRules: ["没有匹配的规则", "No rule matches"],
  search: ["搜索路径、内容、说明", "Search paths, bodies, notes"],
  all: ["全部", "All"],
  noEntries: ["没有记录", "Nothing here"],
  time: ["时间", "Time"],
  anyAccount: ["所有公众号", "Every account"],
};

/** @typedef {keyof typeof words} Word */

const languageKey = "emulator.language";

/** @returns {"zh" | "en"} */
export function language() {
  return localStorage.getItem(languageKey) === "en" ? "en" : "zh";
}

/** @param {"zh" | "en"} wanted */
export function chooseLanguage(wanted) {
  localStorage.setItem(languageKey, wanted);
}

/**
 * A text in the chosen language; `{name}` is filled from `values`.
 * @param {Word} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const text = words[key][language() === "zh" ? 0 : 1] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * The text of a word that the server names, or the word itself.
 * @param {string} key
 */
export function maybe(key) {
  return key in words ? t(/** @type {Word} */ (key)) : key;
}

/** The emulator's own sentences about pushes, in Chinese. @type {[RegExp, string][]} */
const problems = [
  [/^HTTP status (\d+)$/, "HTTP 状态 $1"],
  [/^no answer within ([\d.]+) s$/, "$1 秒内没有回复"],
  [/^the connection was refused.*$/, "连不上：那里没有程序在听"],
  [/^the connection was cut before the answer$/, "回复之前连接就断了"],
  [/^the host name isn't known$/, "找不到这个主机名"],
  [/^a fault threw the answer away$/, "故障：回复被丢弃"],
  [/^a fault lost it$/, "故障：推送丢了"],
  [/^a fault: no answer was given, before the work$/, "故障：没有处理，也不回复"],
  [/^a fault: no answer was given, after the work$/, "故障：处理了，但不回复"],
  [/^a fault: the connection was cut, before the work$/, "故障：连接在处理前被切断"],
  [/^a fault: the connection was cut, after the work$/, "故障：连接在处理后被切断"],
  [/^a fault: (.*)$/, "故障：$1"],
  [/^not emulated: .*$/, "没有模拟：微信或替身没有这个路径"],
  [/^the user is on the account's black list$/, "用户在公众号的黑名单里"],
  [/^staff serve this customer: .*$/, "客服正在接待：消息只给客服，不推送"],
  [/^this kind of button pushes nothing$/, "这种按钮不推送事件"],
  [/^the answer isn't the echostr$/, "回复的不是 echostr"],
  [/^in safe mode the reply must be encrypted$/, "安全模式下，回复必须加密"],
  [/^the reply is encrypted, but .*$/, "明文模式下，不能回复密文"],
  [/^the reply's MsgSignature is wrong$/, "回复的 MsgSignature 不对"],
  [/^the reply was encrypted for another AppID$/, "回复是为另一个 AppID 加密的"],
  [/^the reply isn't well-formed XML.*$/, "回复不是合格的 XML"],
  [/^the reply is neither empty.*$/, "回复既不是空、也不是 success 或规定的格式"],
  [/^the reply's root element isn't <xml>$/, "回复的根元素不是 <xml>"],
  [/^the reply has no (\w+)$/, "回复缺少 $1"],
  [/^the reply's ToUserName.*$/, "回复的 ToUserName 不是来信的用户"],
  [/^the reply's FromUserName.*$/, "回复的 FromUserName 不是本公众号的原始 ID"],
  [/^the reply's MsgType (\S+) doesn't exist$/, "没有 $1 这种消息类型"],
  [/^the reply's Content is empty$/, "回复的 Content 是空的"],
  [/^the reply's Content is too long$/, "回复的 Content 太长"],
  [/^The url's check failed: (.*)\. Nothing was changed\.$/, "URL 校验没有通过：$1。配置没有改变。"],
  [/^The puppet doesn't follow this account.*$/, "还没有关注这个公众号"],
  [/^The QR code has expired.*$/, "二维码已过期"],
  [/^No account made this QR code\.$/, "没有公众号生成过这个二维码"],
];

/**
 * A sentence of the emulator in the chosen language; unknown ones stay English.
 * @param {string} sentence
 * @returns {string}
 */
export function problem(sentence) {
  if (language() === "en") return sentence;
  for (const [pattern, chinese] of problems) {
    const match = pattern.exec(sentence);
    if (match === null) continue;
    return chinese.replace("$1", () => problem(match[1] ?? ""));
  }
  return sentence;
}
