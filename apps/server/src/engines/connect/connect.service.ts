import { Injectable } from "@nestjs/common";
import { newId } from "@zhanggui/kit/contract/ids";
import type { PageOf } from "@zhanggui/kit/contract/page";
import type { BytesOut } from "@zhanggui/kit/contract/body";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { pageOf } from "@zhanggui/kit/server/paging";
import { createdAt, dedupeKey, sceneOf, type InboundMessage } from "@zhanggui/wechat/messages";
import { openPush, PushRefused, sealReply, verifyUrl, type OpenedPush, type PushKeys } from "@zhanggui/wechat/push";
import type { PassiveReply } from "@zhanggui/wechat/reply";
import { sql } from "kysely";
import { Apps } from "./apps.ts";
import { Callbacks } from "./internal/callbacks.ts";
import { type connect, pushRefused } from "./connect.contract.ts";
import { messageReceived, templateFinished } from "./connect.events.ts";
import { pushToleranceSeconds, replyTimeoutMs } from "./connect.settings.ts";
import { Responders } from "./internal/responders.ts";
import type { Answer, IncomingMessage } from "./responders.ts";
import { SettingsService } from "../../foundation/settings/settings.service.ts";

const nothing: PassiveReply = { type: "none" };

/** Messages in, replies out. */
@Injectable()
export class ConnectService {
  readonly #apps: Apps;
  readonly #callbacks: Callbacks;
  readonly #responders: Responders;
  readonly #settings: SettingsService;

  constructor(apps: Apps, callbacks: Callbacks, responders: Responders, settings: SettingsService) {
    this.#apps = apps;
    this.#callbacks = callbacks;
    this.#responders = responders;
    this.#settings = settings;
  }

  /** WeChat's check of the callback address. @throws Fault `connect.push_refused` */
  async verify(visitor: Ctx, { wechatAppId, ...query }: Flat<typeof connect.verifyCallback>): Promise<BytesOut> {
    const { ctx, app } = await this.#callbacks.open(visitor, wechatAppId);
    const toleranceSeconds = await this.#settings.get(ctx, pushToleranceSeconds);
    const echo = refusing(ctx, app.id, () => {
      const text = verifyUrl(query, this.#apps.pushKeys(app));
      // An old check that somebody has seen proves nothing about WeChat now.
      const ageSeconds = Math.abs(ctx.now().getTime() / 1000 - Number(query.timestamp));
      if (ageSeconds > toleranceSeconds) throw new PushRefused("stale", `the timestamp is ${ageSeconds} s from now`);
      return text;
    });
    await this.#apps.verified(ctx, app.id);
    return { contentType: "text/plain; charset=utf-8", body: echo };
  }

  /**
   * One push: verify, decrypt, parse; ask the responders; then one transaction keeps the message with its reply and
   * tells the server. A repeat, parallel or later, meets the same key: it waits for the first one's commit, changes
   * nothing and gets the same reply.
   *
   * @throws Fault `connect.push_refused`; whatever is thrown, nothing was stored, and WeChat sends again
   */
  async receive(visitor: Ctx, push: Flat<typeof connect.receive>): Promise<BytesOut> {
    const { wechatAppId, bytes, contentType, ...query } = push;
    const { ctx, app } = await this.#callbacks.open(visitor, wechatAppId);
    const keys = this.#apps.pushKeys(app);
    const toleranceSeconds = await this.#settings.get(ctx, pushToleranceSeconds);
    const opened = refusing(ctx, app.id, () =>
      openPush({ query, body: bytes, contentType, keys, now: ctx.now(), toleranceSeconds }),
    );
    const message = await this.#describe(ctx, app.id, opened.message);
    const answer = await this.#answer(ctx, message);
    const stored = await ctx.tx((ctx) => this.#keep(ctx, opened.message, message, answer));
    return this.#reply(ctx, opened, stored, keys);
  }

  async listInbound(ctx: Ctx, filter: Flat<typeof connect.listInbound>): Promise<PageOf<InboundView>> {
    const { wechatAppId, openid, traceId } = filter;
    let query = ctx.db.selectFrom("connect_inbound").selectAll();
    if (wechatAppId !== undefined) query = query.where("wechatAppId", "=", wechatAppId);
    if (openid !== undefined) query = query.where("openid", "=", openid);
    if (traceId !== undefined) query = query.where("traceId", "=", traceId);
    const { items, next } = await pageOf(query, filter);
    return { items: items.map((row) => ({ ...row, reply: textOfReply(row.reply) })), next };
  }

  async #describe(ctx: Ctx, wechatAppId: string, message: InboundMessage): Promise<IncomingMessage> {
    const scene = sceneOf(message);
    const channel =
      scene === undefined
        ? undefined
        : await ctx.db
            .selectFrom("connect_channel")
            .select("id")
            .where("wechatAppId", "=", wechatAppId)
            .where("scene", "=", scene)
            .executeTakeFirst();
    return {
      wechatAppId,
      openid: message.fromUserName,
      kind: kindOf(message),
      text: message.type === "text" ? message.content : null,
      channelId: channel?.id ?? null,
    };
  }

  async #answer(ctx: Ctx, message: IncomingMessage): Promise<Answer | undefined> {
    return this.#responders.answer(ctx, message, await this.#settings.get(ctx, replyTimeoutMs));
  }

  async #keep(
    ctx: TxCtx,
    message: InboundMessage,
    described: IncomingMessage,
    answer: Answer | undefined,
  ): Promise<PassiveReply> {
    const { wechatAppId, openid, kind, text, channelId } = described;
    const sentAt = createdAt(message).toISOString();
    const id = newId(ctx.now());
    const row = await ctx.db
      .insertInto("connect_inbound")
      .values({
        id,
        wechatAppId,
        dedupeKey: dedupeKey(message),
        openid,
        kind,
        content: message.fields,
        channelId,
        reply: answer === undefined ? null : JSON.stringify(answer.reply),
        replyBy: answer?.by ?? null,
        traceId: ctx.traceId,
        sentAt: new Date(sentAt),
        receivedAt: ctx.now(),
      })
      .onConflict((on) =>
        on.columns(["tenantId", "wechatAppId", "dedupeKey"]).doUpdateSet({ repeats: sql`connect_inbound.repeats + 1` }),
      )
      .returning(["id", "reply"])
      .executeTakeFirstOrThrow();
    if (row.id !== id) ctx.log.info({ inboundId: row.id, kind }, "a repeated push: same reply, nothing new");
    else if (message.type === "unknown") {
      ctx.log.warn({ inboundId: row.id, kind }, "an unknown kind of push: kept, and nothing else is done with it");
    } else if (message.type === "event" && message.event === "TEMPLATESENDJOBFINISH") {
      const { msgId, status } = message;
      await ctx.emit(templateFinished, { wechatAppId, openid, msgId, status });
    } else {
      const replyBy = answer?.by ?? null;
      await ctx.emit(messageReceived, {
        inboundId: row.id,
        wechatAppId,
        openid,
        kind,
        channelId,
        text,
        replyBy,
        sentAt,
      });
    }
    return row.reply ?? nothing;
  }

  #reply(ctx: Ctx, push: OpenedPush, reply: PassiveReply, keys: PushKeys): BytesOut {
    const { body, contentType } = sealReply({ push, reply, keys, now: ctx.now() });
    return { contentType, body };
  }
}

type InboundView = Out<typeof connect.listInbound>["items"][number];

function kindOf(message: InboundMessage): string {
  if (message.type === "event") return `event:${message.event}`;
  if (message.type === "unknown") return `unknown:${message.event ?? message.msgType}`.slice(0, 80);
  return message.type;
}

function textOfReply(reply: PassiveReply | null): string | null {
  if (reply === null || reply.type === "none") return null;
  return reply.type === "text" ? reply.content : `[${reply.type}]`;
}

/** The caller learns only that it was refused; the log has the reason. */
function refusing<Result>(ctx: Ctx, wechatAppId: string, open: () => Result): Result {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof PushRefused)) throw error;
    ctx.log.warn({ wechatAppId, reason: error.reason, detail: error.message }, "a push was refused");
    throw pushRefused({}, { cause: error });
  }
}
