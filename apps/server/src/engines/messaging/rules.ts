import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { In, Out } from "@zhanggui/kit/contract/route";
import { owned, type Ctx, type TxCtx } from "@zhanggui/kit/server/ctx";
import { sql, type Selectable } from "kysely";
import { Apps } from "../connect/apps.ts";
import { Channels } from "../connect/channels.ts";
import type { Answer, IncomingMessage } from "../connect/responders.ts";
import type { messaging } from "./messaging.contract.ts";
import type { MessagingTables } from "./messaging.tables.ts";

type RuleRow = Selectable<MessagingTables["messaging_rule"]>;
type RuleView = Out<typeof messaging.createRule>;

const replyPrefix = "messaging.rule:";

/** Auto-reply rules: what is answered while WeChat waits. */
@Injectable()
export class Rules {
  readonly #apps: Apps;
  readonly #channels: Channels;

  constructor(apps: Apps, channels: Channels) {
    this.#apps = apps;
    this.#channels = channels;
  }

  /**
   * The reply of the rule that fits best: a scanned channel's own before any scan, any scan before any follow; an exact
   * keyword before a contained one; a rule of this app before one of all apps; then the older rule.
   */
  async answer(ctx: Ctx, message: IncomingMessage): Promise<Answer | undefined> {
    const rules = await this.#rows(ctx);
    const best = rules
      .map((rule) => ({ rule, fit: fitOf(rule, message) }))
      .filter(({ fit }) => fit > 0)
      .toSorted((a, b) => b.fit - a.fit)[0];
    if (best === undefined) return undefined;
    return { reply: { type: "text", content: best.rule.reply }, by: `${replyPrefix}${best.rule.id}` };
  }

  /** Counts what a rule answered, once per message. */
  async count(ctx: TxCtx, replyBy: string | null): Promise<void> {
    if (replyBy === null || !replyBy.startsWith(replyPrefix)) return;
    await ctx.db
      .updateTable("messaging_rule")
      .set({ answered: sql`answered + 1` })
      .where("id", "=", replyBy.slice(replyPrefix.length))
      .execute();
  }

  async list(ctx: Ctx): Promise<RuleView[]> {
    return (await this.#rows(ctx, { all: true })).map(toView);
  }

  /** @throws Fault `kit.not_found` for an app or channel that isn't there */
  async create(ctx: Ctx, rule: In<typeof messaging.createRule>["body"]): Promise<RuleView> {
    if (rule.wechatAppId !== null) await this.#apps.row(ctx, rule.wechatAppId);
    if (rule.channelId !== null && (await this.#channels.find(ctx, rule.channelId)) === undefined) throw notFound();
    const row = await ctx.db
      .insertInto("messaging_rule")
      .values({
        ...owned(ctx),
        name: rule.name,
        on_kind: rule.on,
        wechat_app_id: rule.wechatAppId,
        channel_id: rule.channelId,
        keyword: rule.keyword,
        match: rule.match,
        reply: rule.reply,
        enabled: rule.enabled,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return toView(row);
  }

  async update(ctx: Ctx, ruleId: string, change: In<typeof messaging.updateRule>["body"]): Promise<RuleView> {
    const { name, reply, enabled } = change;
    const row = await ctx.db
      .updateTable("messaging_rule")
      .set((eb) => ({
        name: name ?? eb.ref("name"),
        reply: reply ?? eb.ref("reply"),
        enabled: enabled ?? eb.ref("enabled"),
      }))
      .where("id", "=", ruleId)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw notFound();
    return toView(row);
  }

  async delete(ctx: Ctx, ruleId: string): Promise<void> {
    const row = await ctx.db.deleteFrom("messaging_rule").where("id", "=", ruleId).returning("id").executeTakeFirst();
    if (row === undefined) throw notFound();
  }

  #rows(ctx: Ctx, { all = false } = {}): Promise<RuleRow[]> {
    const query = ctx.db.selectFrom("messaging_rule").selectAll().orderBy("created_at").orderBy("id");
    return (all ? query : query.where("enabled", "=", true)).execute();
  }
}

/** 0 if the rule doesn't apply; the higher, the closer. */
export function fitOf(rule: RuleRow, message: IncomingMessage): number {
  if (rule.wechat_app_id !== null && rule.wechat_app_id !== message.wechatAppId) return 0;
  if (rule.channel_id !== null && rule.channel_id !== message.channelId) return 0;
  const own = rule.wechat_app_id === null ? 0 : 1;
  if (rule.on_kind === "keyword") {
    const text = message.text?.trim().toLowerCase();
    const keyword = rule.keyword?.toLowerCase() ?? "";
    if (text === undefined) return 0;
    if (rule.match === "exact") return text === keyword ? 20 + own : 0;
    return text.includes(keyword) ? 10 + own : 0;
  }
  if (rule.on_kind === "scan") return message.channelId === null ? 0 : (rule.channel_id === null ? 20 : 30) + own;
  return message.kind === "event:subscribe" ? 10 + own : 0;
}

function toView(row: RuleRow): RuleView {
  return {
    id: row.id,
    name: row.name,
    on: row.on_kind,
    wechatAppId: row.wechat_app_id,
    channelId: row.channel_id,
    keyword: row.keyword,
    match: row.match,
    reply: row.reply,
    enabled: row.enabled,
    answered: row.answered,
    createdAt: row.created_at,
  };
}
