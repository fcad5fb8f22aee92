import { dedupeKey, sceneOf, toMessage } from "@zhanggui/wechat/messages";
import { messageReceived, templateFinished } from "../../engines/connect/connect.events.ts";
import type { Ledger } from "./ledger.ts";
import type { AccountKey } from "./story.ts";

/** WeChat's own numbers; the stand-in's begin higher, so that none is given twice. */
const firstMessageId = 24_705_611_300_000_000n;

/** A push of WeChat's as connect keeps it. */
export interface Push {
  readonly account: AccountKey;
  readonly openid: string;
  /** `text`, or `event:subscribe`. */
  readonly kind: string;
  /** What WeChat writes beside the head of a message. */
  readonly fields: Readonly<Record<string, string>>;
  /** When WeChat sends it (milliseconds). */
  readonly at: number;
}
export interface Kept {
  readonly inboundId: string;
  readonly trace: string;
  readonly sentAt: Date;
  readonly receivedAt: number;
  readonly channelId: string | null;
  readonly text: string | null;
  /** What was answered, if anything was. */
  readonly reply: string | undefined;
}
interface Told {
  readonly kind: string;
  readonly text: string | null;
  readonly channelId: string | null;
  readonly wechatAppId: string;
}

/** What comes in: the message, its answer, and that it is told. */
export class Inbound {
  readonly #ledger: Ledger;
  #messages = 0n;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  keep({ account, openid, kind, fields, at }: Push): Kept {
    const { shop, ids, chance } = this.#ledger;
    const { id: wechatAppId, appId, originalId } = shop.accounts[account];
    const [type, event] = kind.startsWith("event:") ? ["event", kind.slice(6)] : [kind, undefined];
    const content = {
      ToUserName: originalId,
      FromUserName: openid,
      CreateTime: String(Math.floor(at / 1000)),
      MsgType: type,
      ...(event === undefined ? {} : { Event: event }),
      ...fields,
      ...(event === undefined ? { MsgId: String(firstMessageId + ++this.#messages * 7919n) } : {}),
    };
    const message = toMessage(content);
    const scene = sceneOf(message);
    const channel = Object.values(shop.channels).find((each) => scene !== undefined && each.scene === scene);
    const told = { kind, wechatAppId, channelId: channel?.id ?? null, text: fields["Content"] ?? null };
    const rule = shop.rules.find((each) => each.enabled && answers(each, told));
    const receivedAt = at + chance.between(45, 320);
    const [inboundId, trace] = [ids.at(receivedAt), ids.trace()];
    const sentAt = new Date(Math.floor(at / 1000) * 1000);
    const replyBy = rule === undefined ? null : `messaging.rule:${rule.id}`;
    this.#ledger.rows.add("connect_inbound", {
      tenantId: shop.tenantId,
      id: inboundId,
      wechatAppId,
      dedupeKey: dedupeKey(message),
      openid,
      kind,
      content,
      channelId: told.channelId,
      reply: rule === undefined ? null : { type: "text", content: textOf(rule) ?? "" },
      replyBy,
      repeats: chance.happens(0.004) ? 1 : 0,
      traceId: trace,
      sentAt,
      receivedAt: new Date(receivedAt),
    });
    const doing = { actor: { kind: "wechat", id: appId }, trace, at: receivedAt } as const;
    if (message.type === "event" && message.event === "TEMPLATESENDJOBFINISH") {
      const { msgId, status } = message;
      this.#ledger.emit(templateFinished, { wechatAppId, openid, msgId, status }, doing);
    } else {
      const { channelId, text } = told;
      const payload = { inboundId, wechatAppId, openid, kind, channelId, text, replyBy, sentAt: sentAt.toISOString() };
      const whole = { hasMore: false, leavesWaiting: false };
      this.#ledger.emit(messageReceived, { ...payload, ...whole }, doing);
    }
    return {
      inboundId,
      trace,
      sentAt,
      receivedAt,
      channelId: told.channelId,
      text: told.text,
      reply: rule && textOf(rule),
    };
  }

  /** How often each rule has answered. */
  answered(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { replyBy } of this.#ledger.rows.of("connect_inbound")) {
      if (typeof replyBy !== "string") continue;
      const rule = replyBy.slice(replyBy.indexOf(":") + 1);
      counts.set(rule, (counts.get(rule) ?? 0) + 1);
    }
    return counts;
  }
}

/** As messaging's rules decide it; the test that lives the same story compares. */
function answers(rule: Ledger["shop"]["rules"][number], { kind, text, channelId, wechatAppId }: Told): boolean {
  if (rule.wechatAppId !== null && rule.wechatAppId !== wechatAppId) return false;
  if (rule.channelId !== null && rule.channelId !== channelId) return false;
  if (rule.on === "scan") return channelId !== null;
  if (rule.on === "follow") return kind === "event:subscribe";
  const written = text?.trim().toLowerCase();
  if (written === undefined) return false;
  const words = rule.keywords.map((word) => word.toLowerCase());
  return rule.match === "exact" ? words.includes(written) : words.some((word) => written.includes(word));
}

/** Its shop answers in one text. */
function textOf({ replies: [first] }: Ledger["shop"]["rules"][number]): string | undefined {
  return first?.type === "text" ? first.text : undefined;
}
