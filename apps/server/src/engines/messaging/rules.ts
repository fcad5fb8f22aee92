import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
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
  constructor(
    private readonly apps: Apps,
    private readonly channels: Channels,
  ) {}

  /** Reads the rules, and answers from them: the first that applies, in the order in which rules win. */
  async responder(ctx: Ctx): Promise<(message: IncomingMessage) => Answer | undefined> {
    const enabled = (await this.#rows(ctx)).filter((rule) => rule.enabled);
    return (message) => {
      const rule = enabled.find((each) => applies(each, message));
      if (rule === undefined) return undefined;
      return { reply: { type: "text", content: rule.reply }, by: `${replyPrefix}${rule.id}` };
    };
  }

  /** Counts what a rule answered, once per message. */
  async count(ctx: TxCtx, { replyBy }: { replyBy: string | null }): Promise<void> {
    if (replyBy === null || !replyBy.startsWith(replyPrefix)) return;
    await ctx.db
      .updateTable("messaging_rule")
      .set({ answered: sql`answered + 1` })
      .where("id", "=", replyBy.slice(replyPrefix.length))
      .execute();
  }

  /** In the order in which they win; one that is switched off stands where it would. */
  async list(ctx: Ctx): Promise<RuleView[]> {
    return this.#rows(ctx);
  }

  /** @throws Fault `kit.not_found` for an app that isn't there, or a channel that isn't there or is another app's */
  async create(ctx: Ctx, rule: Flat<typeof messaging.createRule>): Promise<RuleView> {
    if (rule.wechatAppId !== null) await this.apps.row(ctx, rule.wechatAppId);
    if (rule.channelId !== null) {
      const channel = await this.channels.find(ctx, rule.channelId);
      if (channel === undefined || channel.wechatAppId !== (rule.wechatAppId ?? channel.wechatAppId)) throw notFound();
    }
    return ctx.db.insertInto("messaging_rule").values(rule).returningAll().executeTakeFirstOrThrow();
  }

  async update(ctx: Ctx, { ruleId, ...change }: Flat<typeof messaging.updateRule>): Promise<RuleView> {
    const row = await ctx.db
      .updateTable("messaging_rule")
      // A change of nothing is one too.
      .set((eb) => ({ name: eb.ref("name"), ...change }))
      .where("id", "=", ruleId)
      .returningAll()
      .executeTakeFirstOrThrow(() => notFound());
    return row;
  }

  async delete(ctx: Ctx, { ruleId }: Flat<typeof messaging.deleteRule>): Promise<void> {
    const row = await ctx.db.deleteFrom("messaging_rule").where("id", "=", ruleId).returning("id").executeTakeFirst();
    if (row === undefined) throw notFound();
  }

  /** All rules in the order in which they win: the closest first, and of two as close the older. */
  async #rows(ctx: Ctx): Promise<RuleRow[]> {
    const rows = await ctx.db.selectFrom("messaging_rule").selectAll().orderBy("createdAt").orderBy("id").execute();
    return rows.toSorted((a, b) => closenessOf(b) - closenessOf(a));
  }
}

/**
 * How narrowly a rule is meant, whatever the message: a channel's own scan before any scan, any scan before a follow,
 * an exact keyword before a contained one; of each, a rule of one app before one of all apps.
 */
export function closenessOf(rule: Pick<RuleRow, "on" | "channelId" | "match" | "wechatAppId">): number {
  return 2 * kindOf(rule) + (rule.wechatAppId === null ? 0 : 1);
}

function kindOf(rule: Pick<RuleRow, "on" | "channelId" | "match">): number {
  if (rule.on === "scan") return rule.channelId === null ? 3 : 4;
  if (rule.on === "follow") return 2;
  return rule.match === "exact" ? 1 : 0;
}

/** Whether a rule is meant for this message; whether it answers depends on those before it. */
export function applies(rule: RuleRow, message: IncomingMessage): boolean {
  if (rule.wechatAppId !== null && rule.wechatAppId !== message.wechatAppId) return false;
  if (rule.channelId !== null && rule.channelId !== message.channelId) return false;
  if (rule.on === "scan") return message.channelId !== null;
  if (rule.on === "follow") return message.kind === "event:subscribe";
  const text = message.text?.trim().toLowerCase();
  const keyword = rule.keyword?.toLowerCase() ?? "";
  if (text === undefined) return false;
  return rule.match === "exact" ? text === keyword : text.includes(keyword);
}
