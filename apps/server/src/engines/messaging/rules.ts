import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { searchFew } from "@zhanggui/kit/server/search";
import { sql, type Selectable } from "kysely";
import { Apps } from "../connect/apps.ts";
import { Channels } from "../connect/channels.ts";
import type { Answer, IncomingMessage } from "../connect/responders.ts";
import { type Around, blockOf, namedIn } from "./internal/blocks.ts";
import { messaging } from "./messaging.contract.ts";
import type { MessagingTables } from "./messaging.tables.ts";

type RuleRow = Selectable<MessagingTables["messaging_rule"]>;
type RuleView = Out<typeof messaging.createRule>;

interface Answered {
  readonly replyBy: string | null;
}

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
    const enabled = await this.#enabled(ctx);
    return (message) => {
      const rule = enabled.find((each) => applies(each, message));
      if (rule === undefined) return undefined;
      return { reply: { type: "text", content: rule.reply }, by: `${replyPrefix}${rule.id}` };
    };
  }

  /** Counts what a rule answered, once per message. */
  count(ctx: TxCtx, payload: Answered): Promise<void> {
    return this.countAll(ctx, [{ payload }]);
  }

  /** The same for many messages: a rule that answers most of them is written once. */
  async countAll(ctx: TxCtx, received: readonly { readonly payload: Answered }[]): Promise<void> {
    const answers = received.flatMap(({ payload: { replyBy } }) =>
      replyBy?.startsWith(replyPrefix) === true ? [replyBy.slice(replyPrefix.length)] : [],
    );
    if (answers.length === 0) return;
    await ctx.sql`
      UPDATE messaging_rule SET answered = answered + n FROM (
        SELECT given, count(*)::int AS n FROM unnest(${answers}::uuid[]) AS given GROUP BY given) counted
      WHERE id = given`;
  }

  /** How the rules are called now that gave these answers, by what the answers say of themselves. */
  async namesOf(ctx: Ctx, answers: readonly (string | null)[]): Promise<ReadonlyMap<string, string>> {
    const ids = answers.flatMap((by) => (by?.startsWith(replyPrefix) ? [by.slice(replyPrefix.length)] : []));
    if (ids.length === 0) return new Map();
    const rows = await ctx.db.selectFrom("messaging_rule").select(["id", "name"]).where("id", "in", ids).execute();
    return new Map(rows.map(({ id, name }) => [`${replyPrefix}${id}`, name]));
  }

  /** In the order in which they win; one that is switched off stands where it would. */
  list(ctx: Ctx, query: Flat<typeof messaging.listRules>): Promise<Out<typeof messaging.listRules>> {
    return listOf(ctx, messaging.listRules, query, this.#all(ctx), {
      search: (part) => searchFew(ctx, "messaging_rule", ["name", "keyword", "reply"], part),
      present: (rows) => this.#presented(ctx, rows),
    });
  }

  /** Why a rule that is about to be made could never answer. @throws Fault `kit.not_found`, as making it would */
  async check(ctx: Ctx, rule: Flat<typeof messaging.checkRule>): Promise<{ blocked: LocalizedText | null }> {
    await this.#demandBound(ctx, rule);
    const { on, channelId, match, wechatAppId } = rule;
    const [wanted] = await ctx.sql<{ closeness: number }>`
      SELECT messaging_closeness(${on}, ${channelId}::uuid, ${match}, ${wechatAppId}::uuid) AS closeness`;
    // Of those that are as close it would be the youngest.
    const before = (await this.#enabled(ctx)).filter((each) => each.closeness >= (wanted?.closeness ?? 0));
    return { blocked: blockOf(rule, before, await this.#around(ctx)) };
  }

  /** @throws Fault `kit.not_found` for an app that isn't there, or a channel that isn't there or is another app's */
  async create(ctx: Ctx, rule: Flat<typeof messaging.createRule>): Promise<RuleView> {
    await this.#demandBound(ctx, rule);
    const { id } = await ctx.db.insertInto("messaging_rule").values(rule).returning("id").executeTakeFirstOrThrow();
    return this.#one(ctx, id);
  }

  async update(ctx: Ctx, { ruleId, ...change }: Flat<typeof messaging.updateRule>): Promise<RuleView> {
    await ctx.db
      .updateTable("messaging_rule")
      // A change of nothing is one too.
      .set((eb) => ({ name: eb.ref("name"), ...change }))
      .where("id", "=", ruleId)
      .where("deletedAt", "is", null)
      .returning("id")
      .executeTakeFirstOrThrow(() => notFound());
    return this.#one(ctx, ruleId);
  }

  /** Its row stays: what it answered says so. */
  async delete(ctx: Ctx, { ruleId }: Flat<typeof messaging.deleteRule>): Promise<void> {
    await ctx.db
      .updateTable("messaging_rule")
      .set({ enabled: false, deletedAt: ctx.now() })
      .where("id", "=", ruleId)
      .where("deletedAt", "is", null)
      .returning("id")
      .executeTakeFirstOrThrow(() => notFound());
  }

  async #demandBound(ctx: Ctx, { wechatAppId, channelId }: Pick<RuleRow, "wechatAppId" | "channelId">): Promise<void> {
    if (wechatAppId !== null && (await this.apps.states(ctx)).get(wechatAppId)?.isBound !== true)
      throw notFound({ errors: [{ field: "wechatAppId" }] });
    if (channelId === null) return;
    const channel = await this.channels.find(ctx, channelId);
    if (channel === undefined || channel.wechatAppId !== (wechatAppId ?? channel.wechatAppId))
      throw notFound({ errors: [{ field: "channelId" }] });
  }

  /** All rules with their turn: the closest first, and of two as close the older. */
  #all(ctx: Ctx) {
    return ctx.db
      .selectFrom("messaging_rule")
      .selectAll()
      .select(sql<number>`row_number() OVER (ORDER BY closeness DESC, created_at, id)`.as("place"))
      .where("deletedAt", "is", null);
  }

  /** Those that are on, in the order in which they are tried. */
  #enabled(ctx: Ctx): Promise<RuleRow[]> {
    return ctx.db
      .selectFrom("messaging_rule")
      .selectAll()
      .where("deletedAt", "is", null)
      .where("enabled", "=", true)
      .orderBy("closeness", "desc")
      .orderBy("createdAt")
      .orderBy("id")
      .execute();
  }

  async #one(ctx: Ctx, id: string): Promise<RuleView> {
    const all = ctx.db.selectFrom(this.#all(ctx).as("rule")).selectAll();
    const [view] = await this.#presented(ctx, await all.where("id", "=", id).execute());
    if (view === undefined) throw notFound();
    return view;
  }

  async #presented(ctx: Ctx, rows: readonly (RuleRow & { place: number })[]): Promise<RuleView[]> {
    const [around, enabled] = [await this.#around(ctx), await this.#enabled(ctx)];
    return rows.map((row) => {
      const before = enabled.filter((each) => each.id !== row.id && comesBefore(each, row));
      return {
        ...row,
        when: whenOf(row),
        app: namedIn(around.apps, row.wechatAppId),
        channel: namedIn(around.channels, row.channelId),
        blocked: blockOf(row, before, around),
      };
    });
  }

  async #around(ctx: Ctx): Promise<Around> {
    return { now: ctx.now(), apps: await this.apps.states(ctx), channels: await this.channels.states(ctx) };
  }
}

function comesBefore(a: RuleRow, b: RuleRow): boolean {
  if (a.closeness !== b.closeness) return a.closeness > b.closeness;
  const [first, second] = [a.createdAt.getTime(), b.createdAt.getTime()];
  return first === second ? a.id < b.id : first < second;
}

function whenOf({ on, match, keyword }: RuleRow): LocalizedText {
  if (on === "follow") return { zh: "关注时", en: "Somebody follows" };
  if (on === "scan") return { zh: "扫码时", en: "Somebody scans" };
  return match === "exact"
    ? { zh: `关键词等于“${keyword}”`, en: `Keyword is “${keyword}”` }
    : { zh: `关键词包含“${keyword}”`, en: `Keyword contains “${keyword}”` };
}

/** Whether a rule is meant for this message; whether it answers depends on those before it. */
export function applies(rule: RuleRow, message: IncomingMessage): boolean {
  if (rule.wechatAppId !== null && rule.wechatAppId !== message.wechatAppId) return false;
  if (rule.channelId !== null && rule.channelId !== message.channelId) return false;
  if (rule.on === "scan") return message.channelId !== null;
  if (rule.on === "follow") return message.kind === "event:subscribe";
  const text = message.text?.trim().toLowerCase();
  const keyword = rule.keyword?.trim().toLowerCase() ?? "";
  if (text === undefined || keyword === "") return false;
  return rule.match === "exact" ? text === keyword : text.includes(keyword);
}
