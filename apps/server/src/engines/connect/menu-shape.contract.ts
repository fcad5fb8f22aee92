import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { z } from "zod";

/** What a button does, in words; `parts` are the fields that its kind uses. */
export const buttonKinds = {
  click: {
    zh: "发送关键词事件",
    en: "Send a key",
    hint: { zh: "推送 CLICK 事件，自动回复按它的值应答。", en: "Pushes CLICK with its key, for replies to answer." },
    parts: ["key"],
  },
  view: {
    zh: "打开网页",
    en: "Open a page",
    hint: { zh: "在微信里打开网址。", en: "Opens an address inside WeChat." },
    parts: ["url"],
  },
  miniprogram: {
    zh: "打开小程序",
    en: "Open a mini-program",
    hint: {
      zh: "打开已关联小程序的页面；旧版微信打开备用网页。",
      en: "Opens a page of a linked mini-program; an old WeChat opens the fallback address.",
    },
    parts: ["appId", "pagePath", "url"],
  },
  scancode_push: {
    zh: "扫码",
    en: "Scan, then show",
    hint: { zh: "扫码后显示结果，同时推送事件。", en: "Scans, shows the result and pushes it." },
    parts: ["key"],
  },
  scancode_waitmsg: {
    zh: "扫码并等待回复",
    en: "Scan, then wait",
    hint: { zh: "扫码后显示“消息接收中”，等待回复。", en: "Scans, and waits for what is answered." },
    parts: ["key"],
  },
  pic_sysphoto: {
    zh: "拍照",
    en: "Take a photo",
    hint: { zh: "打开相机，拍完发送。", en: "Opens the camera and sends what it takes." },
    parts: ["key"],
  },
  pic_photo_or_album: {
    zh: "拍照或相册",
    en: "Photo or album",
    hint: { zh: "拍照或从相册选择后发送。", en: "Takes a photo or chooses one, and sends it." },
    parts: ["key"],
  },
  pic_weixin: {
    zh: "微信相册",
    en: "WeChat's album",
    hint: { zh: "从微信相册选择后发送。", en: "Chooses from WeChat's album and sends it." },
    parts: ["key"],
  },
  location_select: {
    zh: "发送位置",
    en: "Send a place",
    hint: { zh: "选择位置后发送。", en: "Chooses a place and sends it." },
    parts: ["key"],
  },
  media_id: {
    zh: "发送素材",
    en: "Send material",
    hint: { zh: "发送素材库里的图片、语音或视频。", en: "Sends a picture, voice or video of the library." },
    parts: ["mediaId"],
  },
  view_limited: {
    zh: "打开图文素材",
    en: "Open news material",
    hint: { zh: "打开素材库里的图文。", en: "Opens an article of the library." },
    parts: ["mediaId"],
  },
  article_id: {
    zh: "发送图文卡片",
    en: "Send an article",
    hint: { zh: "发送已发布的图文。", en: "Sends an article that was published." },
    parts: ["articleId"],
  },
  article_view_limited: {
    zh: "打开已发布图文",
    en: "Open an article",
    hint: { zh: "打开已发布的图文。", en: "Opens an article that was published." },
    parts: ["articleId"],
  },
} as const satisfies Record<string, LocalizedText & { hint: LocalizedText; parts: readonly ButtonPart[] }>;
export type ButtonKind = keyof typeof buttonKinds;
export const buttonKindNames = Object.keys(buttonKinds) as [ButtonKind, ...ButtonKind[]];
export type ButtonPart = "key" | "url" | "appId" | "pagePath" | "mediaId" | "articleId";

export const platforms = {
  ios: { zh: "苹果手机", en: "iPhone" },
  android: { zh: "安卓手机", en: "Android" },
  other: { zh: "其他设备", en: "Other devices" },
} as const;
export type Platform = keyof typeof platforms;

/** Longer than anything that WeChat takes: a draft may break its rules, and is told so. */
const text = z.string().max(2000).default("");
const Leaf = z.object({
  name: text,
  kind: z.enum(buttonKindNames).default("view"),
  key: text,
  url: text,
  appId: text,
  pagePath: text,
  mediaId: text,
  articleId: text,
});
export type Leaf = z.output<typeof Leaf>;
/** With buttons below it does nothing itself. */
const Button = Leaf.extend({ below: z.array(Leaf).max(10).default([]) });
export type Button = z.output<typeof Button>;
const Buttons = z.array(Button).max(6);
const Conditional = z.object({
  /** A tag of the account's at WeChat; null: whatever tags they have. */
  tagId: z.int().min(0).nullable().default(null),
  platform: z
    .enum(Object.keys(platforms) as [Platform, ...Platform[]])
    .nullable()
    .default(null),
  buttons: Buttons,
});
export type Conditional = z.output<typeof Conditional>;
/** An account's menu: for everybody, and, first match first, for some. */
export const Menu = z
  .object({ buttons: Buttons, conditional: z.array(Conditional).max(20).default([]) })
  .meta({ id: "WechatMenu" });
export type Menu = z.output<typeof Menu>;

/** WeChat's numbers, as the server knows them. */
export const MenuLimits = z.object({
  buttons: z.int(),
  subButtons: z.int(),
  nameBytes: z.int(),
  subNameBytes: z.int(),
  keyBytes: z.int(),
  urlBytes: z.int(),
});
export type MenuLimits = z.output<typeof MenuLimits>;
