import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { CustomMessage } from "@zhanggui/wechat/calls/custom-messages";
import type { PassiveReply } from "@zhanggui/wechat/reply";
import type { AppState } from "../../connect/apps.ts";
import type { ReplyPart, SentPart } from "../rule.contract.ts";

/** Whether a template has gaps; most texts have none, and are answered from memory. */
export function hasGaps(part: ReplyPart): boolean {
  return part.type === "text" && /\{[{%]/.test(part.text);
}

/** A part as WeChat takes it at once; undefined for what it only takes as a message of its own. */
export function passiveOf(part: ReplyPart): PassiveReply | undefined {
  switch (part.type) {
    case "text":
      return { type: "text", content: part.text };
    case "image":
    case "voice":
      return { type: part.type, mediaId: part.mediaId };
    case "video":
      return { type: "video", mediaId: part.mediaId, title: part.title, description: part.description };
    case "news": {
      const { title, description, picUrl, url } = part;
      return { type: "news", articles: [{ title, description, picUrl, url }] };
    }
    case "card":
    case "miniprogram":
      return undefined;
  }
}

/** The same as a customer-service message. A mini-program calls a card with a link otherwise; its pages are its own. */
export function customOf(part: SentPart, sender: AppState["kind"]): CustomMessage {
  const isMini = sender === "miniprogram";
  switch (part.type) {
    case "text":
    case "image":
    case "voice":
    case "video":
      return part;
    case "news": {
      const { title, description, picUrl, url } = part;
      return { type: isMini ? "link" : "news", title, description, url, pictureUrl: picUrl };
    }
    case "miniprogram": {
      const { title, appId, pagePath, thumbMediaId } = part;
      return { type: "miniprogrampage", title, appId: isMini ? undefined : appId, pagePath, thumbMediaId };
    }
  }
}

const kinds: Readonly<Record<Exclude<ReplyPart["type"], "text">, LocalizedText>> = {
  image: { zh: "图片", en: "Picture" },
  news: { zh: "图文", en: "Link" },
  card: { zh: "小程序", en: "Mini-program" },
  miniprogram: { zh: "小程序", en: "Mini-program" },
  voice: { zh: "语音", en: "Voice" },
  video: { zh: "视频", en: "Video" },
};

/** How what isn't text is called, if it is. */
function titleOf(part: ReplyPart): string {
  if (part.type === "card") return part.cardTitle ?? "";
  return "title" in part ? part.title : "";
}

/** An answer in a line. */
export function summaryOf([first, ...rest]: readonly ReplyPart[]): LocalizedText {
  if (first === undefined) return { zh: "", en: "" };
  const text = first.type === "text" ? first.text : titleOf(first);
  const kind = first.type === "text" ? { zh: "", en: "" } : kinds[first.type];
  const said = ({ zh, en }: LocalizedText): LocalizedText =>
    zh === "" ? { zh: text, en: text } : { zh: `[${zh}] ${text}`.trim(), en: `[${en}] ${text}`.trim() };
  const { zh, en } = said(kind);
  return rest.length === 0
    ? { zh, en }
    : { zh: `${zh}（另 ${rest.length} 条）`, en: `${en} (and ${rest.length} more)` };
}

/** What a search for rules looks in. */
export function wordsOf(keywords: readonly string[], replies: readonly ReplyPart[]): string {
  return [...keywords, ...replies.map((part) => summaryOf([part]).zh)].join(" ");
}
