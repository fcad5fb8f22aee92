import { Injectable } from "@nestjs/common";
import type { BytesOut } from "@zhanggui/kit/contract/body";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { createdAt, sceneOf, type InboundMessage } from "@zhanggui/wechat/messages";
import { openPush, PushRefused, sealReply, verifyUrl } from "@zhanggui/wechat/push";
import type { PassiveReply } from "@zhanggui/wechat/reply";
import { Apps } from "./apps.ts";
import { connect, pushRefused } from "./connect.contract.ts";
import {
  massFinished,
  messageReceived,
  subscriptionsAnswered,
  subscriptionsSent,
  templateFinished,
} from "./connect.events.ts";
import { Conversations } from "./conversations.ts";
import { CallbackChecks } from "./internal/callback-checks.ts";
import { type Inbound, InboundStore, type Stored } from "./internal/inbound-store.ts";
import { type Snapshot, Snapshots } from "./internal/snapshots.ts";
import { originOf, receiptKinds, writtenKinds } from "./kinds.ts";
import { type GivenReply, givenReply } from "./replies.ts";
import type { Answer, IncomingMessage } from "./responders.ts";

const nothing: PassiveReply = { type: "none" };

/** Messages in, replies out. */
@Injectable()
export class ConnectService {
  constructor(
    private readonly apps: Apps,
    private readonly snapshots: Snapshots,
    private readonly store: InboundStore,
    private readonly conversations: Conversations,
    private readonly callbackChecks: CallbackChecks,
    private readonly runtime: Runtime,
  ) {}

  /** WeChat's check of the callback address. @throws Fault `connect.push_refused` */
  async verify(visitor: Ctx, { wechatAppId, ...query }: Flat<typeof connect.verifyCallback>): Promise<BytesOut> {
    const { snapshot, result: echo } = await this.#opened(visitor, wechatAppId, (snapshot, toleranceSeconds) => {
      const text = verifyUrl(query, snapshot.keys);
      // An old check that somebody has seen proves nothing about WeChat now.
      const ageSeconds = Math.abs(visitor.now().getTime() / 1000 - Number(query.timestamp));
      if (ageSeconds > toleranceSeconds) {
        throw new PushRefused("stale", `the timestamp is ${ageSeconds} s from now`);
      }
      return text;
    });
    await this.apps.verified(this.#ctx(visitor, snapshot), wechatAppId);
    return { contentType: "text/plain; charset=utf-8", body: echo };
  }

  /**
   * One push: verify, decrypt, parse; ask the responders, all of it from memory; then one statement keeps the message
   * with its reply and tells the server, if what the answer was made from still holds, else all is done anew. A repeat,
   * parallel or later, meets the same key: it waits for the first one's commit, changes nothing and gets the same
   * reply.
   *
   * @throws Fault `connect.push_refused`; whatever is thrown, nothing was stored, and WeChat sends again
   */
  async receive(visitor: Ctx, push: Flat<typeof connect.receive>): Promise<BytesOut> {
    const { wechatAppId, bytes, contentType, ...query } = push;
    const arrivedAtMs = performance.now();
    // Twice at most, or thrice if the configuration changes meanwhile: a snapshot read for this push always holds.
    while (true) {
      const { snapshot, result: opened } = await this.#opened(visitor, wechatAppId, ({ keys }, toleranceSeconds) =>
        openPush({ query, body: bytes, contentType, keys, now: visitor.now(), toleranceSeconds }),
      );
      // Hardly any push has something to log, and making a ctx is dear.
      const ctx = (): Ctx => this.#ctx(visitor, snapshot);
      const { message } = opened;
      const described = await describe(snapshot, message);
      // Of a tenant that reads only it is kept, and whoever wrote waits for somebody to answer.
      const mayAnswer = !this.runtime.tenants.isReadOnly(snapshot.tenantId);
      const answer = mayAnswer ? await answerInTime(ctx, snapshot, described) : undefined;
      const event = eventOf(message, described, answer);
      const { traceId } = visitor;
      const stored = await this.store.keep({ snapshot, arrivedAtMs, traceId, message, described, answer, event });
      if (stored === undefined) {
        await this.snapshots.renewed(visitor, snapshot);
        continue;
      }
      note(ctx, message, described, stored);
      if (stored.reply !== null) this.#watch(visitor, snapshot, stored, described);
      const { keys } = snapshot;
      const sealed = sealReply({ push: opened, reply: stored.reply ?? nothing, keys, now: visitor.now() });
      return { contentType: sealed.contentType, body: sealed.body };
    }
  }

  listInbound(ctx: Ctx, query: Flat<typeof connect.listInbound>): Promise<Out<typeof connect.listInbound>> {
    return listOf(ctx, connect.listInbound, query, ctx.db.selectFrom("connect_inbound").selectAll(), {
      filters: {
        origin: ({ eb, or, not }, origins) => {
          const isOf = {
            message: eb("item.kind", "in", [...writtenKinds]),
            receipt: eb("item.kind", "in", [...receiptKinds]),
            event: not(eb("item.kind", "in", [...writtenKinds, ...receiptKinds])),
          };
          return or(origins.map((origin) => isOf[origin]));
        },
      },
      present: (rows) =>
        rows.map((row) => {
          const given = givenReply(row);
          return { ...row, origin: originOf(row.kind), reply: given?.text ?? null, replyState: given?.state ?? null };
        }),
    });
  }

  /** What was replied at once in these traces, and whether WeChat took it. */
  async repliesIn(ctx: Ctx, traceIds: readonly string[]): Promise<ReadonlyMap<string, GivenReply>> {
    if (traceIds.length === 0) return new Map();
    const rows = await ctx.db
      .selectFrom("connect_inbound")
      .select(["traceId", "reply", "replyBy", "repeats", "lostTry"])
      .where("traceId", "in", [...new Set(traceIds)])
      .where("replyBy", "is not", null)
      .execute();
    return new Map(
      rows.flatMap((row) => {
        const given = givenReply(row);
        return given === null ? [] : [[row.traceId, given] as const];
      }),
    );
  }

  /**
   * What becomes of a reply: that a connection closes before it is written, the call's signal tells, also after we have
   * returned. Beside the answer, never instead of it: WeChat waits for nothing here.
   */
  #watch(visitor: Ctx, snapshot: Snapshot, stored: Stored, { wechatAppId, openid }: IncomingMessage): void {
    const settle = async (isLost: boolean): Promise<void> => {
      const ctx = this.runtime.ctx(snapshot.tenantId, { actor: snapshot.actor, traceId: visitor.traceId });
      try {
        await ctx.tx(async (ctx) => {
          if (isLost) await this.store.lost(ctx, stored);
          await this.conversations.judge(ctx, { wechatAppId, openid }, stored.id);
        });
      } catch (error) {
        ctx.log.error({ err: error, inboundId: stored.id }, "what became of a reply could not be noted");
      }
    };
    if (visitor.signal.aborted) return void settle(true);
    visitor.signal.addEventListener("abort", () => void settle(true), { once: true });
    if (stored.isRepeat) void settle(false);
  }

  /**
   * What `open` makes of a push with the app's keys. Before it is refused the snapshot is compared with the database: a
   * token that was changed a moment ago, by another process, is not a forger's.
   *
   * @throws Fault `connect.push_refused`: the caller learns only that, the log has the reason
   */
  async #opened<Result>(
    visitor: Ctx,
    wechatAppId: string,
    open: (snapshot: Snapshot, toleranceSeconds: number) => Result,
  ): Promise<{ snapshot: Snapshot; result: Result }> {
    const snapshot = await this.snapshots.of(visitor, wechatAppId);
    let refusal: { reason: string; cause?: PushRefused } = { reason: "disabled" };
    try {
      if (!snapshot.app.disabled) return { snapshot, result: open(snapshot, await snapshot.toleranceSeconds()) };
    } catch (error) {
      if (!(error instanceof PushRefused)) throw error;
      refusal = { reason: error.reason, cause: error };
    }
    if ((await this.snapshots.renewed(visitor, snapshot)) !== snapshot) {
      return this.#opened(visitor, wechatAppId, open);
    }
    const { reason, cause } = refusal;
    const ctx = this.#ctx(visitor, snapshot);
    ctx.log.warn({ wechatAppId, reason, detail: cause?.message }, "a push was refused");
    await this.callbackChecks.noteRefusal(ctx, wechatAppId, reason);
    throw pushRefused({}, { cause });
  }

  #ctx({ traceId, signal }: Ctx, { tenantId, actor }: Snapshot): Ctx {
    return this.runtime.ctx(tenantId, { actor, traceId, signal });
  }
}

async function describe({ app, channelOf }: Snapshot, message: InboundMessage): Promise<IncomingMessage> {
  const scene = sceneOf(message);
  return {
    wechatAppId: app.id,
    openid: message.fromUserName,
    kind: kindOf(message),
    text: message.type === "text" ? message.content : null,
    eventKey: message.type === "event" && message.event === "CLICK" ? message.eventKey : null,
    channelId: scene === undefined ? null : await channelOf(scene),
  };
}

/** The first answer of the engines above, or undefined if there is none in time. One that fails is skipped. */
async function answerInTime(ctx: () => Ctx, snapshot: Snapshot, message: IncomingMessage): Promise<Answer | undefined> {
  const answering = firstAnswer(ctx, snapshot, message, 0);
  if (!(answering instanceof Promise)) return answering;
  const late = Promise.withResolvers<undefined>();
  const timeoutMs = await snapshot.replyTimeoutMs();
  const timer = setTimeout(() => {
    ctx().log.warn({ timeoutMs, openid: message.openid }, "no reply in time; WeChat gets an empty answer");
    late.resolve(undefined);
  }, timeoutMs);
  try {
    return await Promise.race([answering, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** From memory, at once, where the responders answer so. */
function firstAnswer(
  ctx: () => Ctx,
  snapshot: Snapshot,
  message: IncomingMessage,
  from: number,
): Answer | undefined | Promise<Answer | undefined> {
  for (const [at, { name, answer }] of snapshot.responders.entries()) {
    if (at < from) continue;
    const failed = (error: unknown): undefined => {
      ctx().log.error({ err: error, responder: name }, "a responder failed");
    };
    try {
      const given = answer(message);
      if (given instanceof Promise)
        return given.catch(failed).then((late) => late ?? firstAnswer(ctx, snapshot, message, at + 1));
      if (given !== undefined) return given;
    } catch (error) {
      failed(error);
    }
  }
  return undefined;
}

/** What other modules learn of a message; nothing of one whose kind nobody knows. */
function eventOf(message: InboundMessage, described: IncomingMessage, answer: Answer | undefined): Inbound["event"] {
  if (message.type === "unknown") return undefined;
  const { wechatAppId, openid, kind, text, channelId } = described;
  if (message.type === "event" && message.event === "TEMPLATESENDJOBFINISH") {
    const { msgId, status } = message;
    return () => ({ definition: templateFinished, payload: { wechatAppId, openid, msgId, status } });
  }
  if (message.type === "event" && message.event === "MASSSENDJOBFINISH") {
    const { msgId, status, total, sent, failed } = message;
    return () => ({ definition: massFinished, payload: { wechatAppId, msgId, status, total, sent, failed } });
  }
  const sentAt = createdAt(message).toISOString();
  if (message.type === "event" && message.event === "subscribe_msg_sent_event") {
    const { sent } = message;
    return () => ({ definition: subscriptionsSent, payload: { wechatAppId, openid, sent, sentAt } });
  }
  if (message.type === "event" && "answers" in message) {
    const where = message.event === "subscribe_msg_popup_event" ? ("dialogue" as const) : ("settings" as const);
    const answers = message.answers.filter(({ answer }) => answer === "accept" || answer === "reject");
    return (inboundId) => ({
      definition: subscriptionsAnswered,
      payload: { inboundId, wechatAppId, openid, where, answers, sentAt },
    });
  }
  const { by: replyBy = null, hasMore = false, leavesWaiting = false } = answer ?? {};
  return (inboundId) => ({
    definition: messageReceived,
    payload: { inboundId, wechatAppId, openid, kind, channelId, text, replyBy, hasMore, leavesWaiting, sentAt },
  });
}

function note(
  ctx: () => Ctx,
  message: InboundMessage,
  { kind }: IncomingMessage,
  { id: inboundId, isRepeat }: Stored,
): void {
  if (isRepeat) ctx().log.info({ inboundId, kind }, "a repeated push: same reply, nothing new");
  else if (message.type === "unknown") {
    ctx().log.warn({ inboundId, kind }, "an unknown kind of push: kept, and nothing else is done with it");
  }
}

function kindOf(message: InboundMessage): string {
  if (message.type === "event") return `event:${message.event}`;
  if (message.type === "unknown") return `unknown:${message.event ?? message.msgType}`.slice(0, 80).toWellFormed();
  return message.type;
}
