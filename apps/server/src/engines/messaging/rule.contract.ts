import { fault } from "@zhanggui/kit/contract/fault";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { Named } from "@zhanggui/kit/contract/named";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { switched } from "@zhanggui/kit/contract/switched";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { PagePath } from "../materials/card.contract.ts";
import { everyChannel, Sentence } from "./scene.contract.ts";

/** WeChat cuts a text reply at 2,048 bytes (recalled): 600 Chinese characters stay below it. */
const ReplyText = z.string().trim().min(1).max(600);
/** As WeChat gives them; 64 characters today (recalled). */
const MediaId = z.string().trim().min(1).max(200);
const mediaHint = {
  zh: "公众号素材的 media_id，不是图片网址。",
  en: "The media_id of the account's material, not an address.",
};
const HttpUrl = z.url({ protocol: /^https?$/ }).max(500);

export const badPattern = fault("messaging.bad_pattern", 422, {
  zh: "正则表达式“{pattern}”写法有误：{reasonZh}",
  en: "The pattern “{pattern}” is wrong: {reasonEn}",
});
export const notInMiniPrograms = fault("messaging.not_in_mini_programs", 422, {
  zh: "小程序客服不能发送语音和视频，也没有关注、扫码和菜单。",
  en: "A mini-program sends no voice and no video, and nobody follows, scans or taps a menu there.",
});

const partKinds = {
  label: { zh: "类型", en: "Kind" },
  choices: {
    text: { zh: "文字", en: "Text" },
    image: { zh: "图片", en: "Picture" },
    news: { zh: "图文", en: "Link card" },
    card: { zh: "小程序卡片", en: "Mini-program card" },
    miniprogram: { zh: "小程序卡片（自填素材）", en: "Mini-program card by media_id" },
    voice: { zh: "语音", en: "Voice" },
    video: { zh: "视频", en: "Video" },
  },
};
const kindOf = <const Kind extends keyof typeof partKinds.choices>(kind: Kind) =>
  field(z.literal(kind), partKinds.label, { choices: partKinds.choices });
const title = field(z.string().trim().min(1).max(64), { zh: "标题", en: "Title" });
const thumbMediaId = field(MediaId, { zh: "封面图片 media_id", en: "Cover's media_id" }, { hint: mediaHint });
/** One message of an answer. Texts are Liquid templates over `person`, `app` and `channel`. */
export const ReplyPart = z.discriminatedUnion("type", [
  z.object({ type: kindOf("text"), text: field(ReplyText, { zh: "回复内容", en: "Reply" }, { input: "template" }) }),
  z.object({
    type: kindOf("image"),
    mediaId: field(MediaId, { zh: "图片 media_id", en: "media_id" }, { hint: mediaHint }),
  }),
  z.object({
    type: kindOf("news"),
    title,
    description: field(z.string().trim().max(120), { zh: "描述", en: "Description" }),
    url: field(HttpUrl, { zh: "点击后打开的网址", en: "Link it opens" }),
    picUrl: field(HttpUrl, { zh: "封面图片网址", en: "Cover's address" }),
  }),
  z.object({
    type: kindOf("card"),
    miniProgramId: field(
      Id,
      { zh: "小程序", en: "Mini-program" },
      {
        kind: "miniProgramCard",
        hint: {
          zh: "卡片的图片、标题和页面在“微信素材”里设置。",
          en: "The card's picture, title and page are set under “WeChat material”.",
        },
      },
    ),
    /** Names of their own: a form shows fields of one name once. */
    cardTitle: field(
      oneLine(64).optional(),
      { zh: "标题", en: "Title" },
      { placeholder: { zh: "用卡片的标题", en: "The card's title" } },
    ),
    cardPage: field(
      PagePath.optional(),
      { zh: "页面路径", en: "Page" },
      { placeholder: { zh: "用卡片的页面", en: "The card's page" } },
    ),
  }),
  z.object({
    type: kindOf("miniprogram"),
    title,
    appId: field(z.string().trim().min(1).max(40), { zh: "小程序 AppID", en: "The mini-program's AppID" }),
    pagePath: field(z.string().trim().min(1).max(300), { zh: "页面路径", en: "Page" }),
    thumbMediaId,
  }),
  z.object({
    type: kindOf("voice"),
    mediaId: field(MediaId, { zh: "语音 media_id", en: "media_id" }, { hint: mediaHint }),
  }),
  z.object({
    type: kindOf("video"),
    mediaId: field(MediaId, { zh: "视频 media_id", en: "media_id" }, { hint: mediaHint }),
    thumbMediaId,
    title,
    description: field(z.string().trim().max(120), { zh: "描述", en: "Description" }),
  }),
]);
export type ReplyPart = z.output<typeof ReplyPart>;
/** As it goes to WeChat: a card with the picture of the account that sends it. */
export type SentPart = Exclude<ReplyPart, { readonly type: "card" }>;

export const RuleOn = {
  label: { zh: "何时回复", en: "When" },
  choices: {
    follow: { zh: "关注时", en: "Somebody follows" },
    scan: { zh: "扫码时", en: "Somebody scans" },
    keyword: { zh: "收到关键词", en: "Somebody writes" },
    click: { zh: "点击菜单", en: "Somebody taps the menu" },
    enter: { zh: "打开小程序客服", en: "Somebody opens a mini-program's chat" },
    default: { zh: "其他消息", en: "Anything else" },
  },
} as const;
export const Occasion = z.enum(["follow", "scan", "keyword", "click", "enter", "default"]);
const matches = {
  exact: { zh: "完全相同", en: "The whole text" },
  contains: { zh: "包含", en: "Anywhere in it" },
  starts: { zh: "开头是", en: "It begins so" },
  pattern: { zh: "正则表达式", en: "A pattern" },
} as const;
const when = (value: z.output<typeof Occasion>) => ({ field: "on", is: "eq", value }) as const;
const everyApp = { zh: "所有应用", en: "Every app" };
const Clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, {
  error: bilingual({ zh: "写成 09:30 的样子", en: "written like 09:30" }),
});

/** What WeChat takes as a reply while it waits; the rest goes as messages of their own. */
export const passiveParts: readonly ReplyPart["type"][] = ["text", "image", "news", "voice", "video"];
export const mostParts = 4;
/** As many further messages WeChat takes after each (custom-messages.ts); somebody's words leave some for people. */
const mostLater: Readonly<Record<z.output<typeof Occasion>, number>> = {
  follow: 3,
  scan: 3,
  click: 3,
  enter: 2,
  keyword: 4,
  default: 4,
};
/** Whether WeChat takes all of it. In a mini-program nothing goes at once. */
function isTaken(on: z.output<typeof Occasion>, replies: readonly ReplyPart[]): boolean {
  const [first] = replies;
  const atOnce = on !== "enter" && first !== undefined && passiveParts.includes(first.type) ? 1 : 0;
  return replies.length - atOnce <= mostLater[on];
}
export const RuleFields = {
  name: field(oneLine(60), { zh: "名称", en: "Name" }),
  on: field(Occasion, RuleOn.label, { input: "radio", choices: RuleOn.choices }),
  /** For `keyword`: one of them is enough. */
  keywords: field(
    z.array(z.string().trim().min(1).max(60)).max(50),
    { zh: "关键词", en: "Keywords" },
    {
      showWhen: when("keyword"),
      requireWhen: when("keyword"),
      hint: {
        zh: "多个关键词任一符合即可；不分大小写。",
        en: "One of them is enough; small and capital letters are alike.",
      },
    },
  ),
  match: field(
    z.enum(["exact", "contains", "starts", "pattern"]),
    { zh: "匹配方式", en: "Match" },
    { input: "radio", showWhen: when("keyword"), choices: matches },
  ),
  /** For `click`: only the button with this key; null for every button. */
  eventKey: field(
    z.string().trim().min(1).max(128).nullable(),
    { zh: "菜单 key", en: "Button's key" },
    { showWhen: when("click"), placeholder: { zh: "任意菜单", en: "Any button" } },
  ),
  /** Only this app; null for every app. */
  wechatAppId: field(Id.nullable(), { zh: "应用", en: "App" }, { kind: "wechatApp", placeholder: everyApp }),
  /** For `scan`: only this channel; null for every channel. */
  channelId: field(
    Id.nullable(),
    { zh: "渠道", en: "Channel" },
    { kind: "channel", showWhen: when("scan"), placeholder: everyChannel },
  ),
  replies: field(z.array(ReplyPart).min(1).max(mostParts), { zh: "回复的消息", en: "Messages" }),
  priority: field(
    z.int().min(-100).max(100),
    { zh: "优先级", en: "Priority" },
    {
      hint: {
        zh: "大的先试；相同时，条件越具体越优先。",
        en: "The larger is tried first; of equal ones, the more specific.",
      },
    },
  ),
  activeFrom: field(
    Clock.nullable(),
    { zh: "每天从", en: "Daily from" },
    { placeholder: { zh: "全天", en: "All day" } },
  ),
  activeUntil: field(
    Clock.nullable(),
    { zh: "到", en: "Until" },
    { hint: { zh: "早于开始时间表示到次日。", en: "Earlier than the beginning means the next day." } },
  ),
  /** For `default`: to one person once in so many minutes; null for each time. */
  capMinutes: field(
    z.int().min(1).max(43_200).nullable(),
    { zh: "同一客户每隔多少分钟最多一次", en: "To one person once in so many minutes" },
    { showWhen: when("default"), placeholder: { zh: "每次都回复", en: "Each time" } },
  ),
  enabled: switched,
};
export const Rule = z
  .object({
    id: Id,
    name: field(RuleFields.name, { zh: "名称", en: "Name" }, { width: "17%" }),
    /** Its turn among all rules: the first that applies answers. */
    place: field(z.int(), { zh: "顺序", en: "Turn" }, { sort: true, unindexed: true, width: "72px" }),
    when: field(Sentence, { zh: "何时回复", en: "When" }, { width: "18%" }),
    app: field(
      Named.nullable(),
      { zh: "应用", en: "App" },
      { kind: "wechatApp", placeholder: everyApp, width: "112px" },
    ),
    channel: field(
      Named.nullable(),
      { zh: "渠道", en: "Channel" },
      { kind: "channel", placeholder: everyChannel, width: "112px", hidden: true },
    ),
    /** The first part in words, and how many follow. */
    reply: field(Sentence, { zh: "回复内容", en: "Reply" }),
    answered: field(z.int(), { zh: "已回复", en: "Answered" }, { kind: "count", sort: true, unindexed: true }),
    priority: field(z.int(), { zh: "优先级", en: "Priority" }, { hidden: true }),
    enabled: RuleFields.enabled,
    /** Why it can never answer, though it is on; null if it may. */
    blocked: field(Sentence.nullable(), { zh: "不会回复的原因", en: "Why it never answers" }, { hidden: true }),
    createdAt: field(Instant, { zh: "创建时间", en: "Created" }, { hidden: true }),
    on: Occasion,
    keywords: z.array(z.string()),
    match: z.enum(["exact", "contains", "starts", "pattern"]),
    eventKey: z.string().nullable(),
    wechatAppId: Id.nullable(),
    channelId: Id.nullable(),
    replies: z.array(ReplyPart),
    activeFrom: z.string().nullable(),
    activeUntil: z.string().nullable(),
    capMinutes: z.int().nullable(),
  })
  .meta({ id: "Rule" });

const hours = bilingual({ zh: "开始和结束时间要么都填，要么都不填", en: "both ends of the hours, or neither" });
const bothOrNeither = ({ activeFrom, activeUntil }: { activeFrom?: unknown; activeUntil?: unknown }): boolean =>
  ((activeFrom ?? null) === null) === ((activeUntil ?? null) === null) &&
  (activeFrom === null || activeFrom !== activeUntil);

export const NewRule = z
  .object({
    ...RuleFields,
    keywords: RuleFields.keywords.default([]),
    match: RuleFields.match.default("exact"),
    eventKey: RuleFields.eventKey.default(null),
    wechatAppId: RuleFields.wechatAppId.default(null),
    channelId: RuleFields.channelId.default(null),
    priority: RuleFields.priority.default(0),
    activeFrom: RuleFields.activeFrom.default(null),
    activeUntil: RuleFields.activeUntil.default(null),
    capMinutes: RuleFields.capMinutes.default(null),
    enabled: z.boolean().default(true),
  })
  .refine((rule) => (rule.on === "keyword") === rule.keywords.length > 0, {
    error: bilingual({
      zh: "关键词规则要有关键词，其他规则不能有",
      en: "a keyword rule needs keywords, the others take none",
    }),
    path: ["keywords"],
  })
  .refine((rule) => rule.on === "scan" || rule.channelId === null, {
    error: bilingual({ zh: "只有扫码规则可以指定渠道", en: "only a rule for scans can be a channel's own" }),
    path: ["channelId"],
  })
  .refine((rule) => rule.on === "click" || rule.eventKey === null, {
    error: bilingual({ zh: "只有菜单规则可以指定 key", en: "only a rule for taps has a key" }),
    path: ["eventKey"],
  })
  .refine((rule) => rule.on === "default" || rule.capMinutes === null, {
    error: bilingual({ zh: "只有“其他消息”可以限制次数", en: "only what answers anything else has a limit" }),
    path: ["capMinutes"],
  })
  .refine(bothOrNeither, { error: hours, path: ["activeUntil"] })
  .refine(({ on, replies }) => isTaken(on, replies), {
    error: bilingual({
      zh: "太多了：打开小程序客服后微信最多接受 2 条，关注、扫码、点菜单后当场 1 条再加 3 条",
      en: "too many: WeChat takes two when a mini-program's chat is opened; after a follow, scan or tap one at once and three more",
    }),
    path: ["replies"],
  });

export type RuleInput = z.input<typeof NewRule>;

/** When it answers can't be changed, but by what words and hours. */
export const RuleChange = z
  .object({
    name: RuleFields.name,
    /** What it is: the other fields depend on it. */
    on: field(Occasion, RuleOn.label, {
      input: "radio",
      choices: RuleOn.choices,
      disableWhen: { field: "on", is: "in", value: [...Occasion.options] },
    }),
    keywords: RuleFields.keywords.min(1),
    match: RuleFields.match,
    replies: RuleFields.replies,
    priority: RuleFields.priority,
    activeFrom: RuleFields.activeFrom,
    activeUntil: RuleFields.activeUntil,
    capMinutes: RuleFields.capMinutes,
    enabled: z.boolean(),
  })
  .partial();

/** What somebody might do: "what would answer this?" */
export const Trial = z
  .object({
    on: field(Occasion.exclude(["default"]), RuleOn.label, { choices: RuleOn.choices }),
    text: field(z.string().max(2000).nullable(), { zh: "客户说的话", en: "What they write" }).default(null),
    eventKey: RuleFields.eventKey.default(null),
    wechatAppId: field(Id, { zh: "应用", en: "App" }, { kind: "wechatApp" }),
    channelId: RuleFields.channelId.default(null),
  })
  .refine(({ on, channelId }) => on !== "scan" || channelId !== null, {
    error: bilingual({ zh: "请选择扫的是哪个渠道码", en: "choose whose code is scanned" }),
    path: ["channelId"],
  });
export const Tried = z.object({
  /** The rule that would answer now; null: none would. */
  rule: Named.nullable(),
  /** Whether they then wait for a person, as whoever writes does; taps, scans and follows leave nobody waiting. */
  waits: z.boolean(),
  replies: z.array(ReplyPart),
  /** Those that are meant for it too, but come later. */
  later: z.array(Named),
});
