import { XMLParser } from "fast-xml-parser";
import type { Account, Article, ChatContent } from "../world/model.ts";
import { CipherProblem, decrypt, sign } from "./crypto.ts";
import { pushRules } from "./limits.ts";
import type { Rulebook } from "./rules.ts";
import { xmlProblem } from "./well-formed.ts";

/** What a developer's answer to a push turned out to be. `plain` is the answer, decrypted when it was encrypted. */
export type ReplyReading =
  | { kind: "silent"; plain: string }
  | { kind: "reply"; plain: string; content: ChatContent }
  /** To the customer service's staff: to whom it names, or anybody. */
  | { kind: "transfer"; plain: string; to: string | null }
  | { kind: "wrong"; plain: string; problem: string };

class WrongReply extends Error {}

type Elements = { [name: string]: unknown };

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: true,
  processEntities: true,
  // An article list of one must still be a list.
  isArray: (name) => name === "item",
});

/** What the reply answers: whose push, and whether that was an event. `openid` is null where nobody wrote. */
export interface ReplyTo {
  openid: string | null;
  isEvent: boolean;
  rules: Rulebook;
}

/**
 * Reads the answer to a push as WeChat would: nothing or `success` means "no reply"; anything else must be a reply of
 * a known type to the user, encrypted in safe mode. Sources: the passive reply page and the encryption page; that the
 * two names must match is recalled.
 */
export function readReply(answer: string, account: Account, to: ReplyTo): ReplyReading {
  const trimmed = answer.trim();
  if (isSilent(trimmed)) return { kind: "silent", plain: trimmed };
  let plain = trimmed;
  try {
    let elements = parse(trimmed, account);
    if (typeof elements["Encrypt"] === "string") {
      plain = open(elements, account).trim();
      if (isSilent(plain)) return { kind: "silent", plain };
      elements = parse(plain, account);
    } else if (account.push?.mode === "safe") {
      throw new WrongReply("in safe mode the reply must be encrypted");
    }
    checkHeads(elements, account, to);
    if (text(elements, "MsgType") === "transfer_customer_service")
      return { kind: "transfer", plain, to: readTransfer(elements) };
    return { kind: "reply", plain, content: readContent(elements, to) };
  } catch (error) {
    if (error instanceof WrongReply || error instanceof CipherProblem) {
      return { kind: "wrong", plain, problem: error.message };
    }
    throw error;
  }
}

function isSilent(text: string): boolean {
  return text === "" || text === "success";
}

function parse(text: string, account: Account): Elements {
  if (account.push?.format === "json") return parseJson(text);
  if (!text.startsWith("<")) throw new WrongReply("the reply is neither empty, nor success, nor XML");
  const root = parseXml(text)["xml"];
  if (typeof root !== "object" || root === null) throw new WrongReply("the reply's root element isn't <xml>");
  return root as Elements;
}

function parseXml(text: string): Elements {
  const problem = xmlProblem(text);
  if (problem !== null) throw new WrongReply(`the reply isn't well-formed XML: ${problem}`);
  return parser.parse(text) as Elements;
}

function parseJson(text: string): Elements {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Elements;
  } catch {
    // Told below: not being JSON and not being an object is the same mistake.
  }
  throw new WrongReply("the reply is neither empty, nor success, nor a JSON object");
}

function open(elements: Elements, account: Account): string {
  const push = account.push;
  if (push === null || push.mode === "plain" || push.encodingAesKey === null) {
    throw new WrongReply("the reply is encrypted, but the account is in plain mode");
  }
  const encrypted = text(elements, "Encrypt");
  const expected = sign([push.token, text(elements, "TimeStamp"), text(elements, "Nonce"), encrypted]);
  if (text(elements, "MsgSignature") !== expected) throw new WrongReply("the reply's MsgSignature is wrong");
  const opened = decrypt(encrypted, push.encodingAesKey);
  if (opened.appid !== account.appid) throw new WrongReply("the reply was encrypted for another AppID");
  return opened.message;
}

function checkHeads(elements: Elements, account: Account, to: ReplyTo): void {
  if (to.openid !== null && text(elements, "ToUserName") !== to.openid) {
    throw new WrongReply("the reply's ToUserName isn't the user who wrote");
  }
  if (text(elements, "FromUserName") !== account.originalId) {
    throw new WrongReply("the reply's FromUserName isn't the account's original id");
  }
  if (!/^\d+$/.test(text(elements, "CreateTime"))) throw new WrongReply("the reply's CreateTime isn't a number");
}

/** Source: doc/offiaccount/Customer_Service/Forwarding_of_messages_to_service_center. */
function readTransfer(elements: Elements): string | null {
  return elements["TransInfo"] === undefined ? null : text(child(elements, "TransInfo"), "KfAccount");
}

function readContent(elements: Elements, to: ReplyTo): ChatContent {
  const type = text(elements, "MsgType");
  switch (type) {
    case "text":
      return readText(text(elements, "Content"), to.rules);
    case "image":
    case "voice":
    case "video":
      return readMedia(type, elements);
    case "music":
      return { kind: "media", type, mediaId: "", title: text(child(elements, "Music"), "Title", "") };
    case "news":
      return { kind: "news", articles: readArticles(elements).slice(0, articleLimit(to)) };
    default:
      throw new WrongReply(`the reply's MsgType ${type} doesn't exist`);
  }
}

function readText(content: string, rules: Rulebook): ChatContent {
  if (content === "") throw new WrongReply("the reply's Content is empty");
  const most = rules.number(pushRules.replyTextBytes);
  if (Buffer.byteLength(content) > most) throw new WrongReply("the reply's Content is too long");
  return { kind: "text", text: content };
}

function readMedia(type: "image" | "voice" | "video", elements: Elements): ChatContent {
  const part = child(elements, `${type.charAt(0).toUpperCase()}${type.slice(1)}`);
  return { kind: "media", type, mediaId: text(part, "MediaId"), title: text(part, "Title", "") };
}

function articleLimit({ isEvent, rules }: ReplyTo): number {
  return rules.number(isEvent ? pushRules.replyArticlesToEvent : pushRules.replyArticlesToMessage);
}

function readArticles(elements: Elements): Article[] {
  const list = child(elements, "Articles");
  const items: unknown = Array.isArray(list) ? list : list["item"];
  if (!Array.isArray(items) || items.length === 0) throw new WrongReply("the reply has no article");
  if (String(items.length) !== text(elements, "ArticleCount")) throw new WrongReply("ArticleCount is wrong");
  return (items as Elements[]).map((item) => ({
    title: text(item, "Title"),
    description: text(item, "Description", ""),
    pictureUrl: text(item, "PicUrl", ""),
    url: text(item, "Url", ""),
  }));
}

function child(elements: Elements, name: string): Elements {
  const value = elements[name];
  if (typeof value !== "object" || value === null) throw new WrongReply(`the reply has no ${name}`);
  return value as Elements;
}

function text(elements: Elements, name: string, otherwise?: string): string {
  const value = elements[name];
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (otherwise !== undefined) return otherwise;
  throw new WrongReply(`the reply has no ${name}`);
}
