import { bytes } from "@zhanggui/kit/contract/body";
import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { DailyFigures } from "@zhanggui/kit/contract/figures";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { Named } from "@zhanggui/kit/contract/named";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { publicAccess, permission } from "@zhanggui/kit/contract/permission";
import { audits } from "@zhanggui/kit/contract/audited";
import { contract, route } from "@zhanggui/kit/contract/route";
import { switched } from "@zhanggui/kit/contract/switched";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { diagnosisRoutes } from "./diagnosis.contract.ts";
import { jsSdkRoutes } from "./js-sdk.contract.ts";
import { menuRoutes } from "./menu.contract.ts";
import { quotaRoutes } from "./quota.contract.ts";
import { tokenRoutes } from "./token.contract.ts";
import { appOff, boundElsewhere, wechatRefused, wechatUnreachable } from "./call.contract.ts";
import { AppCheck, AppFields, AppId, aesKeyLabel, EncodingAesKey, WechatApp } from "./app.contract.ts";

// Other engines know them by this contract.
export { appOff, boundElsewhere, wechatRefused, wechatUnreachable };

export const connectRead = permission(
  "connect:read",
  { zh: "查看微信应用与渠道码", en: "See WeChat apps and channel codes" },
  ["operator", "developer"],
);
export const connectWrite = permission(
  "connect:write",
  { zh: "绑定微信应用、管理渠道码", en: "Bind WeChat apps, manage channel codes" },
  ["operator"],
);

export const appTaken = fault("connect.app_taken", 409, {
  zh: "AppID {appId} 已绑定。",
  en: "The AppID {appId} is bound already.",
});
export const secretRefused = fault("connect.secret_refused", 422, {
  zh: "微信不认这个 AppID 和 AppSecret（{errcode}）：{explanationZh}",
  en: "WeChat doesn't accept this AppID with this AppSecret ({errcode}): {explanationEn}",
});
export const channelInUse = fault("connect.channel_in_use", 409, {
  zh: "不能删除：有 {people} 人从这个渠道来过，删除会丢掉他们的来源。请改为停用。",
  en: "It can't be deleted: where the people who came in by it ({people}) are from would be lost. Switch it off instead.",
});
export const aesKeyMissing = fault("connect.aes_key_missing", 422, {
  zh: "兼容模式和安全模式需要 EncodingAESKey。",
  en: "Compatible and safe mode need an EncodingAESKey.",
});
export const channelNameTaken = fault("connect.channel_name_taken", 409, {
  zh: "已有名为“{name}”的渠道。",
  en: "There is a channel called {name} already.",
});
export const pushRefused = fault("connect.push_refused", 403, {
  zh: "推送未通过校验，原因见服务器日志。",
  en: "The push failed its check; the server's log says why.",
});

/** What forms ask of a channel. */
const ChannelFields = {
  name: field(
    oneLine(60),
    { zh: "渠道名称", en: "Name" },
    {
      hint: { zh: "会成为扫码客户的标签，例如“门店海报”。", en: "Becomes the tag of whoever scans it: “Shop poster”." },
    },
  ),
  leaderName: field(oneLine(60), { zh: "负责人姓名", en: "Leader's name" }),
  leaderMail: field(
    z.email().max(200),
    { zh: "负责人邮箱", en: "Leader's mail" },
    { hint: { zh: "有人扫码时通知 TA。", en: "Is told when somebody scans." } },
  ),
};
export const Channel = z
  .object({
    id: Id,
    name: field(ChannelFields.name, { zh: "渠道名称", en: "Name" }, { width: "20%" }),
    app: field(Named, { zh: "公众号", en: "Official account" }, { kind: "officialAccount" }),
    leaderName: field(z.string(), { zh: "负责人", en: "Leader" }),
    leaderMail: field(z.string(), { zh: "负责人邮箱", en: "Leader's mail" }, { hidden: true }),
    /** People who came in by it, and scans in all. */
    people: field(z.int(), { zh: "来客", en: "People" }, { kind: "count", sort: true, unindexed: true }),
    scans: field(z.int(), { zh: "扫码次数", en: "Scans" }, { kind: "count", sort: true, unindexed: true }),
    /** When its code ends; null for one that stays. */
    expiresAt: field(
      Instant.nullable(),
      { zh: "二维码到期", en: "Code expires" },
      { placeholder: { zh: "永久有效", en: "Never" } },
    ),
    enabled: switched,
    createdAt: field(Instant, { zh: "创建时间", en: "Created" }, { sort: "id", filter: "range", hidden: true }),
    wechatAppId: Id,
    /** The scene that WeChat reports when the code is scanned. */
    scene: z.string(),
    /** What the picture encodes. */
    qrUrl: z.string(),
    ticket: z.string(),
  })
  .meta({ id: "Channel" });

/** What WeChat sends, in words; a kind that nobody has named yet is shown as WeChat calls it. */
const inboundKinds = {
  text: { zh: "文字消息", en: "Text" },
  image: { zh: "图片", en: "Picture" },
  voice: { zh: "语音", en: "Voice" },
  video: { zh: "视频", en: "Video" },
  shortvideo: { zh: "小视频", en: "Short video" },
  location: { zh: "位置", en: "Location" },
  link: { zh: "链接", en: "Link" },
  "event:subscribe": { zh: "关注", en: "Follow" },
  "event:unsubscribe": { zh: "取消关注", en: "Unfollow" },
  "event:SCAN": { zh: "扫码", en: "Scan" },
  "event:CLICK": { zh: "点击菜单", en: "Menu tap" },
  "event:VIEW": { zh: "点击菜单链接", en: "Menu link" },
  "event:TEMPLATESENDJOBFINISH": { zh: "模板消息回执", en: "Template receipt" },
  "event:MASSSENDJOBFINISH": { zh: "群发回执", en: "Mass sending's receipt" },
};

/** Whose word it is. */
const origins = {
  message: { zh: "客户消息", en: "Message", tone: "good" },
  event: { zh: "客户动作", en: "Action", tone: "info" },
  receipt: { zh: "微信回执", en: "Receipt", tone: "quiet" },
} as const;
/** What became of a reply that was given while WeChat waited. */
export const replyStates = {
  taken: { zh: "已送达", en: "Taken", tone: "good" },
  doubtful: {
    zh: "可能未送达",
    en: "Perhaps not delivered",
    tone: "warn",
    hint: {
      zh: "微信问完最后一次，或没等到答复就断开了：客户可能没有看到这条回复。",
      en: "WeChat asked for the last time, or closed before it was answered: the customer may not have seen this.",
    },
  },
} as const;

export const Inbound = z
  .object({
    id: Id,
    receivedAt: field(Instant, { zh: "时间", en: "At" }, { sort: "id", filter: "range" }),
    /** The customer's own words, apart from what their phone reports and from WeChat's receipts. */
    origin: field(
      z.enum(["message", "event", "receipt"]),
      { zh: "来源", en: "What" },
      { filter: true, choices: origins, width: "104px" },
    ),
    /** `text`, `image` …, or `event:subscribe`, `event:SCAN` … */
    kind: field(z.string(), { zh: "类型", en: "Kind" }, { kind: "choice", choices: inboundKinds, filter: true }),
    openid: field(z.string(), { zh: "来自", en: "From" }),
    wechatAppId: field(Id, { zh: "应用", en: "App" }, { kind: "wechatApp", filter: true, hidden: true }),
    content: field(z.record(z.string(), z.unknown()), { zh: "内容", en: "Content" }),
    reply: field(z.string().nullable(), { zh: "回复", en: "Reply" }),
    /** Null where nothing was replied. */
    replyState: field(
      z.enum(["taken", "doubtful"]).nullable(),
      { zh: "回复状态", en: "Reply taken" },
      { choices: replyStates, hidden: true },
    ),
    /** What chose the reply: the rule; null if nothing answered. */
    replyBy: z.string().nullable(),
    repeats: field(z.int(), { zh: "重复次数", en: "Repeats" }),
    traceId: z.string(),
  })
  .meta({ id: "Inbound" });

const appParams = z.object({ wechatAppId: Id });
const pushParams = z.object({ wechatAppId: Id });
/** WeChat's own names. */
const PushQuery = z.object({
  signature: z.string().max(100).optional(),
  timestamp: z.string().max(20).optional(),
  nonce: z.string().max(100).optional(),
  echostr: z.string().max(1000).optional(),
  encrypt_type: z.string().max(20).optional(),
  msg_signature: z.string().max(100).optional(),
  openid: z.string().max(100).optional(),
});

const AppColumns = z.object({
  secretSealed: field(z.string(), { zh: "AppSecret", en: "AppSecret" }),
  pushTokenSealed: field(z.string(), { zh: "推送令牌", en: "Push token" }),
  aesKeySealed: field(z.string(), aesKeyLabel),
  disabled: field(z.boolean(), { zh: "停用", en: "Switched off" }),
  provenAt: field(Instant.nullable(), { zh: "密钥验证于", en: "Keys proven" }),
  unboundAt: field(Instant.nullable(), { zh: "解绑于", en: "Unbound" }),
});
const ChannelColumns = z.object({
  wechatAppId: field(Id, { zh: "公众号", en: "Official account" }, { kind: "officialAccount" }),
});

const followed = audits("connect", {
  connect_app: { list: "listApps", title: "name", ignored: ["created_at", "verified_at"], fields: AppColumns },
  connect_channel: {
    list: "listChannels",
    title: "name",
    masked: ["leader_mail", "ticket", "qr_url"],
    ignored: ["created_at", "scene"],
    fields: ChannelColumns,
  },
});

export const connect = contract(followed, {
  listApps: list("/wechat/apps", {
    summary: "Bound WeChat apps",
    item: WechatApp,
    noun: { zh: "微信应用", en: "WeChat app", plural: "WeChat apps" },
    access: connectRead,
    sort: "createdAt",
    search: { zh: "名称或 AppID", en: "Name or AppID" },
  }),
  bindApp: route.post("/wechat/apps", {
    summary: "Bind an account or a mini-program whose secret WeChat accepts; secrets are sealed and never shown again",
    access: connectWrite,
    effect: "change",
    body: z.object({
      kind: AppFields.kind.default("official"),
      name: AppFields.name,
      appId: field(
        AppId,
        { zh: "AppID", en: "AppID" },
        {
          hint: {
            zh: "公众号后台 → 设置与开发 → 基本配置。",
            en: "WeChat's admin page → Settings → Basic configuration.",
          },
        },
      ),
      appSecret: AppFields.appSecret,
      mode: AppFields.mode.default("safe"),
      pushToken: AppFields.pushToken,
      encodingAesKey: field(EncodingAesKey.optional(), aesKeyLabel, {
        input: "secret",
        requireWhen: { field: "mode", is: "ne", value: "plain" },
        hint: { zh: "兼容模式和安全模式需要。", en: "Compatible and safe mode need it." },
      }),
    }),
    reply: WechatApp,
    faults: [appTaken, boundElsewhere, aesKeyMissing, secretRefused],
  }),
  getApp: route.get("/wechat/apps/:wechatAppId", {
    summary: "One bound app",
    access: connectRead,
    params: appParams,
    reply: WechatApp,
    faults: [notFound],
  }),
  updateApp: route.patch("/wechat/apps/:wechatAppId", {
    summary: "Change an app; a secret that is left out stays as it is",
    access: connectWrite,
    effect: "change",
    params: appParams,
    body: z
      .object({
        ...AppFields,
        /** Off, it takes no pushes any more and sends nothing. */
        enabled: z.boolean(),
      })
      .partial(),
    reply: WechatApp,
    faults: [notFound, boundElsewhere, aesKeyMissing, secretRefused],
  }),
  unbindApp: route.delete("/wechat/apps/:wechatAppId", {
    summary:
      "Unbind an app: its secrets are forgotten; its people, channels and messages stay for when it is bound again",
    access: connectWrite,
    effect: "destroy",
    params: appParams,
    reply: z.object({}),
    faults: [notFound],
  }),
  testApp: route.post("/wechat/apps/:wechatAppId/test", {
    summary: "Test a binding: fetch a token, and see whether WeChat has reached the callback",
    access: connectWrite,
    effect: "read",
    params: appParams,
    reply: z.object({ checks: z.array(AppCheck) }),
    faults: [notFound],
  }),
  ...diagnosisRoutes(connectRead, connectWrite),
  ...tokenRoutes,
  ...quotaRoutes,
  ...menuRoutes(connectRead),
  ...jsSdkRoutes,
  listChannels: list("/wechat/channels", {
    summary: "Channel codes with their figures",
    item: Channel,
    noun: { zh: "渠道码", en: "channel code", plural: "channel codes" },
    access: connectRead,
    sort: "-createdAt",
    search: { zh: "渠道或负责人", en: "Channel or leader" },
    filters: {
      wechatAppId: field(Id, { zh: "公众号", en: "Official account" }, { kind: "officialAccount", unindexed: true }),
    },
  }),
  createChannel: route.post("/wechat/channels", {
    summary: "Create a channel code at WeChat; the leader is told of whoever comes in by it",
    access: connectWrite,
    effect: "spend",
    idempotent: true,
    body: z.object({
      wechatAppId: field(Id, { zh: "公众号", en: "Official account" }, { kind: "officialAccount" }),
      ...ChannelFields,
      /** 30 at most; left out it is permanent (100,000 per account). */
      validDays: field(
        z.int().min(1).max(30).optional(),
        { zh: "有效天数", en: "Valid for days" },
        { hint: { zh: "最长 30 天；不填则永久有效。", en: "30 at most; left empty, it is valid for ever." } },
      ),
    }),
    reply: Channel,
    faults: [notFound, appOff, channelNameTaken, boundElsewhere, wechatRefused, wechatUnreachable],
  }),
  updateChannel: route.patch("/wechat/channels/:channelId", {
    summary:
      "Rename a channel, give it to another leader or switch it off; those who scanned before keep the tag they got",
    access: connectWrite,
    effect: "change",
    params: z.object({ channelId: Id }),
    /** Off, its code is one that nobody knows. */
    body: z.object({ ...ChannelFields, enabled: z.boolean() }).partial(),
    reply: Channel,
    faults: [notFound, channelNameTaken],
  }),
  deleteChannel: route.delete("/wechat/channels/:channelId", {
    summary: "Delete a channel that nobody has come in by",
    access: connectWrite,
    effect: "destroy",
    params: z.object({ channelId: Id }),
    reply: z.object({}),
    faults: [notFound, channelInUse],
  }),
  listInbound: list("/wechat/inbound", {
    summary: "What came in from WeChat and what was answered",
    item: Inbound,
    noun: { zh: "消息", en: "message", plural: "messages" },
    access: connectRead,
    live: true,
    filters: {
      openid: field(z.string().trim().max(100), { zh: "openid", en: "openid" }, { seldom: true }),
      traceId: field(z.string().max(64), { zh: "追踪号", en: "Trace id" }, { seldom: true }),
    },
  }),
  getFigures: route.get("/wechat/figures", {
    summary: "What came in, by the day: messages, followers who came and left; and what is set up",
    access: connectRead,
    reply: z.object({
      /** What people wrote and sent, without taps, scans and receipts. */
      messages: DailyFigures,
      followed: DailyFigures,
      left: DailyFigures,
      /** Whether there is an app, one whose callback WeChat has checked, and a channel code. */
      has: z.object({ app: z.boolean(), verified: z.boolean(), channel: z.boolean() }),
    }),
  }),
  verifyCallback: route.get("/wechat/callback/:wechatAppId", {
    summary: "WeChat's check of the callback address: the echo goes back if the signature is right",
    duringMaintenance: true,
    access: publicAccess,
    params: pushParams,
    query: PushQuery,
    reply: bytes,
    faults: [pushRefused],
  }),
  receive: route.post("/wechat/callback/:wechatAppId", {
    summary: "WeChat's message push: answers within five seconds with the passive reply, `success` or an empty body",
    duringMaintenance: true,
    access: publicAccess,
    effect: "reach_people",
    params: pushParams,
    query: PushQuery,
    body: bytes,
    reply: bytes,
    faults: [pushRefused],
  }),
});
