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

/** What WeChat would refuse, at its place: `buttons.0.below.1.name`, `conditional.0.buttons`. */
export interface MenuProblem {
  readonly field: string;
  readonly zh: string;
  readonly en: string;
}

/** As WeChat counts: UTF-8. */
export function bytesOf(given: string): number {
  return new TextEncoder().encode(given).length;
}

/** Everything in a menu that breaks WeChat's rules, in the order of its places. Pages and server ask the same. */
export function problemsOf(menu: Menu, limits: MenuLimits): MenuProblem[] {
  const problems = ofButtons(menu.buttons, "buttons", limits);
  if (menu.buttons.length === 0 && menu.conditional.length > 0)
    problems.push({
      field: "buttons",
      zh: "有个性化菜单时，必须有默认菜单",
      en: "menus for some need one for everybody",
    });
  for (const [at, { tagId, platform, buttons }] of menu.conditional.entries()) {
    const field = `conditional.${at}`;
    if (tagId === null && platform === null)
      problems.push({ field: `${field}.match`, zh: "请选择标签或设备", en: "choose a tag or a device" });
    const before = menu.conditional.slice(0, at);
    if (before.some((each) => each.tagId === tagId && each.platform === platform))
      problems.push({ field: `${field}.match`, zh: "与前面的条件相同", en: "it is for the same people as one above" });
    if (buttons.length === 0)
      problems.push({ field: `${field}.buttons`, zh: "至少要有一个按钮", en: "it needs a button" });
    problems.push(...ofButtons(buttons, `${field}.buttons`, limits));
  }
  return problems;
}

function ofButtons(buttons: readonly Button[], field: string, limits: MenuLimits): MenuProblem[] {
  const problems: MenuProblem[] = [];
  if (buttons.length > limits.buttons) problems.push(tooMany(field, limits.buttons));
  for (const [at, button] of buttons.entries()) {
    const place = `${field}.${at}`;
    problems.push(...ofName(button, place, limits.nameBytes));
    if (button.below.length === 0) problems.push(...ofParts(button, place, limits));
    if (button.below.length > limits.subButtons) problems.push(tooMany(`${place}.below`, limits.subButtons));
    for (const [sub, leaf] of button.below.entries()) {
      problems.push(...ofName(leaf, `${place}.below.${sub}`, limits.subNameBytes));
      problems.push(...ofParts(leaf, `${place}.below.${sub}`, limits));
    }
  }
  return problems;
}

const tooMany = (field: string, most: number): MenuProblem => ({
  field,
  zh: `最多 ${most} 个按钮`,
  en: `at most ${most} buttons`,
});

function ofName({ name }: Leaf, place: string, most: number): MenuProblem[] {
  const field = `${place}.name`;
  if (name.trim() === "") return [{ field, zh: "请填写名称", en: "it needs a name" }];
  return ofBytes(field, name, most);
}

function ofParts(leaf: Leaf, place: string, limits: MenuLimits): MenuProblem[] {
  return buttonKinds[leaf.kind].parts.flatMap((part) => {
    const given = leaf[part];
    const field = `${place}.${part}`;
    if (given.trim() === "") return [{ field, zh: "请填写", en: "it is needed" }];
    if (part === "url" && !/^https?:\/\/[^/\s]+\S*$/i.test(given))
      return [
        { field, zh: "以 http:// 或 https:// 开头的网址", en: "an address that begins with http:// or https://" },
      ];
    if (part === "appId" && !/^wx[0-9a-f]{16}$/.test(given))
      return [{ field, zh: "AppID 是 wx 加 16 位十六进制数字", en: "an AppID is wx and 16 hex digits" }];
    if (part === "url") return ofBytes(field, given, limits.urlBytes);
    return part === "key" ? ofBytes(field, given, limits.keyBytes) : [];
  });
}

function ofBytes(field: string, given: string, most: number): MenuProblem[] {
  const bytes = bytesOf(given);
  if (bytes <= most) return [];
  return [{ field, zh: `最多 ${most} 字节，现在 ${bytes}`, en: `at most ${most} bytes; it has ${bytes}` }];
}
