import { isDeepStrictEqual } from "node:util";
import { Injectable } from "@nestjs/common";
import { invalidInput, notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { searchFew } from "@zhanggui/kit/server/search";
import { type CustomMessage, miniProgramMessages } from "@zhanggui/wechat/calls/custom-messages";
import { sql } from "kysely";
import { Tenants } from "../../foundation/access/tenants.ts";
import { Apps, type AppState } from "../connect/apps.ts";
import { Channels } from "../connect/channels.ts";
import type { Answer, IncomingMessage } from "../connect/responders.ts";
import { type Around, blockOf, namedIn } from "./internal/blocks.ts";
import { CardParts } from "./internal/card-parts.ts";
import { applies, clockIn, ready, type RuleRow } from "./internal/matching.ts";
import { customOf, hasGaps, passiveOf, summaryOf, wordsOf } from "./internal/parts.ts";
import { BadPattern, compilePattern } from "./internal/pattern.ts";
import { ruleKey, ruleOf, versionOf } from "./internal/rule-key.ts";
import { assertTemplate } from "./internal/templates.ts";
import { claimTold } from "./internal/told.ts";
import { type Whom, Wording } from "./internal/wording.ts";
import { messaging } from "./messaging.contract.ts";
import { badPattern, NewRule, notInMiniPrograms, passiveParts, type ReplyPart, RuleOn } from "./rule.contract.ts";

type RuleView = Out<typeof messaging.createRule>;

interface Answered {
  readonly replyBy: string | null;
}

/** What of an answer is still to be sent, and why some of it isn't. */
interface Rest {
  readonly row: RuleRow;
  readonly messages: CustomMessage[];
  readonly dropped: "ruleChanged" | "cardLacking" | null;
}

/** Auto-reply rules: what is answered while WeChat waits, and what is to follow. */
@Injectable()
export class Rules {
  constructor(
    private readonly apps: Apps,
    private readonly channels: Channels,
    private readonly tenants: Tenants,
    private readonly wording: Wording,
    private readonly cards: CardParts,
  ) {}

  /** Reads the rules, and answers from them: the first that applies, in the order in which rules win. */
  async responder(ctx: Ctx): Promise<(message: IncomingMessage) => Answer | undefined | Promise<Answer>> {
    const enabled = (await this.#enabled(ctx)).map(ready);
    const apps = await this.apps.states(ctx);
    const { zone } = await this.tenants.get(ctx.tenantId);
    return (message) => {
      // Most tenants' rules have no hours.
      const clock = enabled.some(({ row }) => row.activeFrom !== null) ? clockIn(zone, ctx.now()) : "";
      const rule = enabled.find((each) => applies(each, message, clock))?.row;
      if (rule === undefined) return undefined;
      const [first] = rule.replies;
      const given = first === undefined || isDeferred(rule, apps.get(message.wechatAppId)) ? undefined : first;
      if (given === undefined || !hasGaps(given)) return answerOf(rule, given);
      return this.wording.fill(ctx, [given], message).then(([filled]) => answerOf(rule, filled));
    };
  }

  /**
   * What is still to be sent of an answer, if anything is, as customer-service messages: of the rule as it answered, so
   * nothing of one that has changed since. What is said to somebody now and then only is claimed here.
   */
  async rest(ctx: TxCtx, replyBy: string | null, whom: Whom): Promise<Rest | null> {
    const id = ruleOf(replyBy);
    if (id === undefined) return null;
    const row = await ctx.db.selectFrom("messaging_rule").selectAll().where("id", "=", id).executeTakeFirst();
    const app = (await this.apps.states(ctx)).get(whom.wechatAppId);
    if (row === undefined || app === undefined) return null;
    // Half of one answer and half of another would be none.
    if ((versionOf(replyBy) ?? row.version) !== row.version) return { row, messages: [], dropped: "ruleChanged" };
    if (row.capMinutes !== null) {
      if (!(await claimTold(ctx, whom, id, row.capMinutes * 60_000))) return null;
      await this.#answered(ctx, [id], { isCapped: true });
    }
    const atOnce = isDeferred(row, app) ? 0 : 1;
    const filled = await this.wording.fill(ctx, row.replies.slice(atOnce), whom);
    const { parts, lacks } = await this.cards.fill(ctx, filled, whom.wechatAppId);
    const messages = parts.map((part) => customOf(part, app.kind));
    return { row, messages, dropped: lacks ? "cardLacking" : null };
  }

  /** What would answer this, by the rules of now. @throws Fault `kit.not_found` for an app or a channel */
  async try(
    ctx: Ctx,
    { on, text, ...given }: Flat<typeof messaging.tryRules>,
  ): Promise<Out<typeof messaging.tryRules>> {
    await this.#demandBound(ctx, given);
    const { zone } = await this.tenants.get(ctx.tenantId);
    const message = { ...given, openid: "", kind: triedAs[on], text: on === "keyword" ? (text ?? "") : null };
    const clock = clockIn(zone, ctx.now());
    const found = (await this.#enabled(ctx)).map(ready).filter((each) => applies(each, message, clock));
    const [first, ...later] = found.map(({ row }) => row);
    const named = ({ id, name }: RuleRow) => ({ id, name });
    const rule = first === undefined ? null : named(first);
    const waits = on === "keyword" && (first === undefined || first.on === "default");
    return { rule, waits, replies: first?.replies ?? [], later: later.map(named) };
  }

  /** Counts what a rule answered, once per message. */
  count(ctx: TxCtx, payload: Answered): Promise<void> {
    return this.countAll(ctx, [{ payload }]);
  }

  /** The same for many messages: a rule that answers most of them is written once. */
  async countAll(ctx: TxCtx, received: readonly { readonly payload: Answered }[]): Promise<void> {
    const answers = received.flatMap(({ payload: { replyBy } }) => ruleOf(replyBy) ?? []);
    if (answers.length === 0) return;
    await this.#answered(ctx, answers, { isCapped: false });
  }

  /** What is said now and then only is counted when it is. */
  async #answered(ctx: TxCtx, ids: readonly string[], { isCapped }: { readonly isCapped: boolean }): Promise<void> {
    await ctx.sql`
      UPDATE messaging_rule SET answered = answered + n FROM (
        SELECT given, count(*)::int AS n FROM unnest(${ids}::uuid[]) AS given GROUP BY given) counted
      WHERE id = given AND (cap_minutes IS NOT NULL) = ${isCapped}`;
  }

  /** How the rules are called now that gave these answers, by what the answers say of themselves. */
  async namesOf(ctx: Ctx, answers: readonly (string | null)[]): Promise<ReadonlyMap<string, string>> {
    const ids = answers.flatMap((by) => ruleOf(by) ?? []);
    if (ids.length === 0) return new Map();
    const rows = await ctx.db.selectFrom("messaging_rule").select(["id", "name"]).where("id", "in", ids).execute();
    const names = new Map(rows.map(({ id, name }) => [id, name]));
    return new Map(
      answers.flatMap((by) => {
        const name = names.get(ruleOf(by) ?? "");
        return by === null || name === undefined ? [] : [[by, name]];
      }),
    );
  }

  /** In the order in which they win; one that is switched off stands where it would. */
  list(ctx: Ctx, query: Flat<typeof messaging.listRules>): Promise<Out<typeof messaging.listRules>> {
    return listOf(ctx, messaging.listRules, query, this.#all(ctx), {
      search: (part) => searchFew(ctx, "messaging_rule", ["name", "words"], part),
      present: (rows) => this.#presented(ctx, rows),
    });
  }

  /** Why a rule that is about to be made could never answer. @throws Fault `kit.not_found`, as making it would */
  async check(ctx: Ctx, rule: Flat<typeof messaging.checkRule>): Promise<{ blocked: LocalizedText | null }> {
    await this.#demandSound(ctx, rule);
    const { on, channelId, match, eventKey, wechatAppId, priority } = rule;
    const [wanted] = await ctx.sql<{ closeness: number }>`
      SELECT messaging_closeness(${on}, ${channelId}::uuid, ${match}, ${eventKey}, ${wechatAppId}::uuid) AS closeness`;
    // Of those that are as close it would be the youngest.
    const turn = { on, priority, closeness: wanted?.closeness ?? 0 };
    const before = (await this.#enabled(ctx)).filter((each) => compareTurns(each, turn) <= 0);
    return { blocked: blockOf(rule, before, await this.#around(ctx)) };
  }

  /**
   * @throws Fault `messaging.bad_pattern`, `messaging.bad_template`, `messaging.not_in_mini_programs`; `kit.not_found`
   *   for an app that isn't there, or a channel that isn't there or is another app's
   */
  async create(ctx: Ctx, rule: Flat<typeof messaging.createRule>): Promise<RuleView> {
    await this.#demandSound(ctx, rule);
    const words = wordsOf(rule.keywords, rule.replies);
    const made = ctx.db.insertInto("messaging_rule").values({ ...rule, replies: JSON.stringify(rule.replies), words });
    const { id } = await made.returning("id").executeTakeFirstOrThrow();
    return this.#one(ctx, id);
  }

  /** @throws Fault what `create` throws; `kit.invalid_input` for words of a rule that has none, or half of the hours */
  async update(ctx: Ctx, { ruleId, ...change }: Flat<typeof messaging.updateRule>): Promise<RuleView> {
    await ctx.tx(async (ctx) => {
      const row = await ctx.db
        .selectFrom("messaging_rule")
        .selectAll()
        .where("id", "=", ruleId)
        .where("deletedAt", "is", null)
        .forUpdate()
        .executeTakeFirstOrThrow(() => notFound());
      if (change.on !== undefined && change.on !== row.on) throw invalidInput({ errors: [{ field: "on" }] });
      const rule = NewRule.safeParse({ ...row, ...change });
      if (!rule.success) {
        const [issue] = rule.error.issues;
        throw invalidInput({ errors: [{ field: issue?.path.join(".") ?? "", message: issue?.message ?? "" }] });
      }
      // What it is bound to may have gone since; that stands beside it.
      if (change.replies !== undefined) await this.cards.demand(ctx, change.replies);
      await this.#demandSaid(ctx, rule.data);
      await ctx.db
        .updateTable("messaging_rule")
        .set({
          ...change,
          replies: change.replies && JSON.stringify(change.replies),
          words: wordsOf(rule.data.keywords, rule.data.replies),
          version: isDeepStrictEqual(rule.data.replies, row.replies) ? row.version : row.version + 1,
        })
        .where("id", "=", ruleId)
        .execute();
    });
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

  async #demandSound(ctx: Ctx, rule: Flat<typeof messaging.createRule>): Promise<void> {
    await this.#demandBound(ctx, rule);
    await this.cards.demand(ctx, rule.replies);
    await this.#demandSaid(ctx, rule);
  }

  /** That its words and texts can be used, and sent by its app. */
  async #demandSaid(ctx: Ctx, rule: Flat<typeof messaging.createRule>): Promise<void> {
    const { on, match, keywords, replies, wechatAppId } = rule;
    if (match === "pattern") for (const pattern of keywords) assertPattern(pattern);
    for (const [index, part] of replies.entries())
      if (part.type === "text") await assertTemplate(`replies.${index}.text`, part.text);
    const app = wechatAppId === null ? undefined : (await this.apps.states(ctx)).get(wechatAppId);
    if (app?.kind !== "miniprogram") return;
    if (on === "follow" || on === "scan" || on === "click") throw notInMiniPrograms({ errors: [{ field: "on" }] });
    const at = replies.findIndex(
      (part) => part.type === "card" || !miniProgramMessages.has(customOf(part, app.kind).type),
    );
    if (at !== -1) throw notInMiniPrograms({ errors: [{ field: `replies.${at}.type` }] });
  }

  async #demandBound(ctx: Ctx, { wechatAppId, channelId }: Pick<RuleRow, "wechatAppId" | "channelId">): Promise<void> {
    if (wechatAppId !== null && (await this.apps.states(ctx)).get(wechatAppId)?.isBound !== true)
      throw notFound({ errors: [{ field: "wechatAppId" }] });
    if (channelId === null) return;
    const channel = await this.channels.find(ctx, channelId);
    if (channel === undefined || channel.wechatAppId !== (wechatAppId ?? channel.wechatAppId))
      throw notFound({ errors: [{ field: "channelId" }] });
  }

  /** All rules with their turn: those of the larger priority first, then the closest, and of two as close the older. */
  #all(ctx: Ctx) {
    return ctx.db
      .selectFrom("messaging_rule")
      .selectAll()
      .select(
        sql<number>`row_number() OVER (ORDER BY "on" = 'default', priority DESC, closeness DESC, created_at, id)`.as(
          "place",
        ),
      )
      .where("deletedAt", "is", null);
  }

  /** Those that are on, in the order in which they are tried. */
  async #enabled(ctx: Ctx): Promise<RuleRow[]> {
    const rows = await ctx.db
      .selectFrom("messaging_rule")
      .selectAll()
      .where("deletedAt", "is", null)
      .where("enabled", "=", true)
      .execute();
    return rows.toSorted(compare);
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
      const before = enabled.filter((each) => compare(each, row) < 0);
      return {
        ...row,
        when: whenOf(row),
        reply: summaryOf(row.replies),
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

/** What a customer does, as WeChat calls it. */
const triedAs = {
  keyword: "text",
  follow: "event:subscribe",
  scan: "event:SCAN",
  click: "event:CLICK",
  enter: "event:user_enter_tempsession",
} as const;

/** Nothing of it goes while WeChat waits: a mini-program answers by messages only, and what is capped is claimed. */
function isDeferred(row: RuleRow, app: AppState | undefined): boolean {
  const [first] = row.replies;
  return (
    app?.kind === "miniprogram" || row.capMinutes !== null || first === undefined || !passiveParts.includes(first.type)
  );
}

function answerOf(row: RuleRow, first: ReplyPart | undefined): Answer {
  const reply = first === undefined ? undefined : passiveOf(first);
  const hasMore = row.replies.length > (reply === undefined ? 0 : 1);
  return {
    reply: reply ?? { type: "none" },
    by: ruleKey(row.id, hasMore ? row.version : undefined),
    hasMore,
    leavesWaiting: row.on === "default" || reply === undefined,
  };
}

type Turn = Pick<RuleRow, "on" | "priority" | "closeness">;
/** Below 0 if the first comes before; 0 if only their age tells. */
function compareTurns(a: Turn, b: Turn): number {
  const last = Number(a.on === "default") - Number(b.on === "default");
  return last || b.priority - a.priority || b.closeness - a.closeness;
}
function compare(a: RuleRow, b: RuleRow): number {
  return (
    compareTurns(a, b) || a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}

function assertPattern(pattern: string): void {
  try {
    compilePattern(pattern);
  } catch (error) {
    if (!(error instanceof BadPattern)) throw error;
    const { zh, en } = error.reason;
    throw badPattern({ pattern, reasonZh: zh, reasonEn: en, errors: [{ field: "keywords" }] }, { cause: error });
  }
}

const matchWords = {
  exact: { zh: "关键词等于", en: "Keyword is" },
  contains: { zh: "关键词包含", en: "Keyword contains" },
  starts: { zh: "关键词开头是", en: "Keyword begins with" },
  pattern: { zh: "关键词符合", en: "Keyword matches" },
} as const;

function whenOf({ on, match, keywords, eventKey, activeFrom, activeUntil }: RuleRow): LocalizedText {
  const { zh, en } = momentOf({ on, match, keywords, eventKey });
  return activeFrom === null
    ? { zh, en }
    : { zh: `${zh}，${activeFrom}–${activeUntil}`, en: `${en}, ${activeFrom}–${activeUntil}` };
}

function momentOf({ on, match, keywords, eventKey }: Pick<RuleRow, "on" | "match" | "keywords" | "eventKey">) {
  if (on === "click" && eventKey !== null) return { zh: `点击菜单“${eventKey}”`, en: `Somebody taps “${eventKey}”` };
  if (on !== "keyword") return RuleOn.choices[on];
  const words = (separator: string) => keywords.map((word) => `“${word}”`).join(separator);
  return { zh: `${matchWords[match].zh}${words("、")}`, en: `${matchWords[match].en} ${words(", ")}` };
}
