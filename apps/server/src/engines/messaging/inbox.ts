import { Injectable } from "@nestjs/common";
import type { PayloadOf } from "@zhanggui/kit/contract/event";
import { invalidInput } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { AccessService } from "../../foundation/access/access.service.ts";
import { Rights } from "../../foundation/access/rights.ts";
import { Tenants } from "../../foundation/access/tenants.ts";
import { NotificationsService } from "../../foundation/notifications/notifications.service.ts";
import { SettingsService } from "../../foundation/settings/settings.service.ts";
import type { customerHeard } from "../audience/audience.events.ts";
import { Apps } from "../connect/apps.ts";
import { WechatClients } from "../connect/clients.ts";
import { type ConversationRow, Conversations } from "../connect/conversations.ts";
import { Desk, snoozeMarginMs } from "../connect/desk.ts";
import { openidKey } from "../connect/openid.ts";
import { showTyping } from "@zhanggui/wechat/calls/custom-messages";
import { messagingReply, wroteMeanwhile } from "./conversations.contract.ts";
import { assignedMeanwhile, cannotAnswer, releasedMeanwhile, snoozeTooLong } from "./desk.contract.ts";
import { Notes } from "./internal/notes.ts";
import { claimTold, toldSince } from "./internal/told.ts";
import type { messaging } from "./messaging.contract.ts";
import { conversationAssigned } from "./messaging.notifications.ts";
import { assignBy, busyAfterMinutes, busyEveryHours, busyText, busyWhen, openLimit } from "./messaging.settings.ts";
import { Replies } from "./replies.ts";
import { Rules } from "./rules.ts";
import { type Detail, type Entry, entryOf, snoozableUntil, Threads } from "./threads.ts";

const mostStaff = 500;
/** Looked at together; who has waited longest comes first. */
const waitingAtOnce = 500;
/** Whoever took a conversation or wrote in it so short a time ago is at it, on duty or not. */
const atItMs = 30 * 60_000;
/** Some answers are left for people. */
const leftForPeople = 2;
const hourMs = 3_600_000;
const minuteMs = 60_000;

type Heard = PayloadOf<typeof customerHeard>;

/** Whose a conversation becomes: by hand, or by turns among those on duty; and what is said while nobody can answer. */
@Injectable()
export class Inbox {
  constructor(
    private readonly conversations: Conversations,
    private readonly desk: Desk,
    private readonly threads: Threads,
    private readonly replies: Replies,
    private readonly rules: Rules,
    private readonly notes: Notes,
    private readonly rights: Rights,
    private readonly accounts: AccessService,
    private readonly settings: SettingsService,
    private readonly notifications: NotificationsService,
    private readonly clients: WechatClients,
    private readonly apps: Apps,
    private readonly tenants: Tenants,
  ) {}

  /**
   * Somebody waits, or an answer isn't all said. In the order of each customer's: the rest of the answer, then whose
   * the conversation is, then, if nobody can answer, that all are busy.
   */
  async heard(ctx: TxCtx, { wechatAppId, openid, channelId, kind, replyBy, hasMore }: Heard): Promise<void> {
    const rest = hasMore ? await this.rules.rest(ctx, replyBy, { wechatAppId, openid, channelId }) : null;
    if (rest !== null) {
      const { id: ruleId, name, on } = rest.row;
      const by = { automatic: "rule", ruleId, name } as const;
      if (rest.dropped !== null) await this.replies.drop(ctx, { wechatAppId, openid }, { ...by, why: rest.dropped });
      if (rest.messages.length > 0) {
        const settles = on === "default" ? undefined : (replyBy ?? undefined);
        const contents = rest.messages.map((message) => contentOf(message, settles));
        await this.replies.say(ctx, { wechatAppId, openid }, contents, by);
        if (settles !== undefined) return;
      }
    }
    if (kind.startsWith("event:")) return;
    const conversation = await this.conversations.of(ctx, { wechatAppId, openid });
    if (conversation?.state !== "waiting") return;
    const free = await this.#assignByTurns(ctx, conversation);
    const when = await this.settings.get(ctx, busyWhen, { appId: wechatAppId });
    if (when !== "never" && !free) await this.#tellBusy(ctx, conversation);
  }

  /** Every minute: who has waited so long that they are told that all are busy. All are looked at, however many. */
  tellLate(): Promise<void> {
    return this.tenants.each(async (ctx) => {
      const late = await this.#lateAfter(ctx);
      if (late.size === 0) return;
      const before = new Date(ctx.now().getTime() - Math.min(...[...late.values()].map(({ afterMs }) => afterMs)));
      let last: ConversationRow | undefined;
      do {
        const page = await this.conversations.unanswered(ctx, before, last, waitingAtOnce);
        const told = await toldSince(ctx, "busy", page);
        for (const row of page) {
          const app = late.get(row.wechatAppId);
          const waitedMs = ctx.now().getTime() - (row.waitingSince?.getTime() ?? Infinity);
          if (app === undefined || waitedMs < app.afterMs) continue;
          if (ctx.now().getTime() - (told.get(openidKey(row))?.getTime() ?? -Infinity) < app.everyMs) continue;
          await this.#tellLate(ctx, row);
        }
        last = page.length < waitingAtOnce ? undefined : page.at(-1);
      } while (last !== undefined);
    });
  }

  /** Of the apps that tell so: after how long, and how often. */
  async #lateAfter(ctx: Ctx): Promise<Map<string, { readonly afterMs: number; readonly everyMs: number }>> {
    const late = new Map<string, { readonly afterMs: number; readonly everyMs: number }>();
    for (const [appId, { enabled }] of await this.apps.states(ctx)) {
      if (!enabled || (await this.settings.get(ctx, busyWhen, { appId })) !== "off_duty_or_late") continue;
      const afterMs = (await this.settings.get(ctx, busyAfterMinutes, { appId })) * minuteMs;
      late.set(appId, { afterMs, everyMs: (await this.settings.get(ctx, busyEveryHours, { appId })) * hourMs });
    }
    return late;
  }

  /** One that can't be told holds up nobody who comes after it. */
  async #tellLate(ctx: Ctx, { id, waitingSince }: ConversationRow): Promise<void> {
    try {
      await ctx.tx(async (ctx) => {
        // Whoever has answered since it was read is waited for.
        const row = await this.conversations.lock(ctx, id);
        if (row.state !== "waiting" || row.waitingSince?.getTime() !== waitingSince?.getTime()) return;
        await this.#tellBusy(ctx, row);
      });
    } catch (error) {
      ctx.log.error({ err: error, conversationId: id }, "a customer was not told that all are busy");
    }
  }

  /** @throws Fault `messaging.assigned_meanwhile`, `messaging.released_meanwhile`, `messaging.cannot_answer`, `kit.not_found` */
  async assign(
    ctx: Ctx,
    { conversationId: id, assigneeId: to, from, note: text }: Flat<typeof messaging.assignConversation>,
  ): Promise<Detail> {
    await this.threads.reached(ctx, id, messagingReply);
    const name = to === null ? null : ((await this.accounts.names(ctx, [to])).get(to) ?? "");
    if (to !== null && !(await this.rights.holdersOf(ctx, messagingReply, mostStaff)).includes(to))
      throw cannotAnswer({ name: name ?? "", errors: [{ field: "assigneeId" }] });
    const row = await ctx.tx(async (ctx) => {
      const assigned = await this.desk.assign(ctx, { id, from, to });
      if (assigned === undefined) {
        const { assigneeId: now } = await this.conversations.find(ctx, id);
        if (now === null) throw releasedMeanwhile();
        throw assignedMeanwhile({ by: (await this.accounts.names(ctx, [now])).get(now) ?? "" });
      }
      const kind =
        to === null ? "released" : to === ctx.actor.id ? "taken" : from === null ? "assigned" : "handed_over";
      await this.notes.add(ctx, id, { kind, text, to: to === null ? undefined : { id: to, name: name ?? "" } });
      if (to !== null && to !== ctx.actor.id) await this.#tell(ctx, id, to, ctx.actor.name);
      return assigned;
    });
    // Whoever only reaches their own has just seen it off.
    return this.threads.detail(ctx, row);
  }

  /** @throws Fault `kit.not_found` */
  async note(ctx: Ctx, { conversationId: id, text }: Flat<typeof messaging.noteConversation>): Promise<Entry> {
    await this.threads.reached(ctx, id, messagingReply);
    return entryOf(await ctx.tx((ctx) => this.notes.add(ctx, id, { kind: "note", text })));
  }

  async read(
    ctx: Ctx,
    { conversationId: id, lastMessageId: lastId }: Flat<typeof messaging.readConversation>,
  ): Promise<void> {
    await this.threads.reached(ctx, id, messagingReply);
    await this.desk.read(ctx, { id, lastId });
  }

  /**
   * @throws Fault `messaging.wrote_meanwhile`, `kit.not_found`; `messaging.snooze_too_long`, and what `answerable` says,
   *   for whom nobody could answer then; `kit.invalid_input` for what is over
   */
  async snooze(
    ctx: Ctx,
    { conversationId: id, lastMessageId: lastId, until: at }: Flat<typeof messaging.snoozeConversation>,
  ): Promise<Detail> {
    const row = await this.threads.reached(ctx, id, messagingReply);
    const until = new Date(at);
    if (until <= ctx.now()) throw invalidInput({ errors: [{ field: "until" }] });
    if (row.lastId !== lastId) throw wroteMeanwhile();
    const { refusal, until: answerableUntil } = await this.replies.answerable(ctx, row);
    if (refusal !== undefined) throw refusal;
    if (until > (snoozableUntil(answerableUntil, ctx.now()) ?? 0))
      throw snoozeTooLong({ minutes: snoozeMarginMs / minuteMs, errors: [{ field: "until" }] });
    await ctx.tx(async (ctx) => {
      if (!(await this.desk.snooze(ctx, { id, lastId, until }))) throw wroteMeanwhile();
      await this.notes.add(ctx, id, { kind: "snoozed", until });
    });
    return this.threads.detail(ctx, await this.conversations.find(ctx, id));
  }

  /** Whatever WeChat says to it is of no weight: it shows for some seconds, or it doesn't. */
  async typing(ctx: Ctx, { conversationId: id }: Flat<typeof messaging.showTyping>): Promise<{ isShown: boolean }> {
    const { wechatAppId, openid } = await this.threads.reached(ctx, id, messagingReply);
    try {
      const client = await this.clients.of(ctx, wechatAppId);
      await client.call(showTyping, { openid, isTyping: true });
      return { isShown: true };
    } catch (error) {
      ctx.log.info({ err: error, wechatAppId }, "typing was not shown");
      return { isShown: false };
    }
  }

  async staff(ctx: Ctx): Promise<Out<typeof messaging.listStaff>["items"]> {
    const ids = await this.rights.holdersOf(ctx, messagingReply, mostStaff);
    const names = await this.accounts.names(ctx, ids);
    const loads = await this.desk.loads(ctx, ids);
    const onDuty = new Set((await this.#duty(ctx)).map(({ accountId }) => accountId));
    return ids
      .map((id) => ({ id, name: names.get(id) ?? "", isOnDuty: onDuty.has(id), open: loads.get(id) ?? 0 }))
      .toSorted((a, b) => Number(b.isOnDuty) - Number(a.isOnDuty) || a.name.localeCompare(b.name));
  }

  async setDuty(ctx: Ctx, { isOnDuty }: Flat<typeof messaging.setDuty>): Promise<{ isOnDuty: boolean }> {
    const { id: accountId } = ctx.actor;
    if (isOnDuty)
      await ctx.db
        .insertInto("messaging_duty")
        .values({ accountId })
        .onConflict((on) => on.doNothing())
        .execute();
    else await ctx.db.deleteFrom("messaging_duty").where("accountId", "=", accountId).execute();
    return { isOnDuty };
  }

  /**
   * Gives it to whoever on duty has the fewest, below the limit; of several, to who has waited longest for one. One
   * after the other, so that nobody gets more than the limit. Whose it was stays, if they are on duty or at it.
   *
   * @returns whether somebody has it who is on duty or at it
   */
  async #assignByTurns(ctx: TxCtx, conversation: ConversationRow): Promise<boolean> {
    const { id } = conversation;
    const assigneeId = await this.#keptBy(ctx, conversation);
    const able = new Set(await this.rights.holdersOf(ctx, messagingReply, mostStaff));
    // Whoever was disabled, or may answer no more, is on duty no more either.
    const onDuty = (await this.#duty(ctx)).filter(({ accountId }) => able.has(accountId));
    const isOnDuty = (accountId: string): boolean => onDuty.some((each) => each.accountId === accountId);
    if (assigneeId !== null)
      if (isOnDuty(assigneeId) || (await this.#isAtIt(ctx, conversation, assigneeId))) return true;
    if ((await this.settings.get(ctx, assignBy)) === "nobody" || onDuty.length === 0) return onDuty.length > 0;
    await ctx.lock("messaging.turns", "");
    const most = await this.settings.get(ctx, openLimit);
    const loads = await this.desk.loads(
      ctx,
      onDuty.map(({ accountId }) => accountId),
    );
    // Others' turns that have been waited for count.
    const [next] = (await this.#duty(ctx))
      .filter(({ accountId }) => isOnDuty(accountId))
      .map(({ accountId, since, givenAt }) => ({
        id: accountId,
        open: loads.get(accountId) ?? 0,
        lastAt: (givenAt ?? since).getTime(),
        isFresh: givenAt === null,
      }))
      .filter(({ open }) => open < most)
      .toSorted((a, b) => a.open - b.open || Number(b.isFresh) - Number(a.isFresh) || a.lastAt - b.lastAt);
    if (next === undefined) return false;
    const assigned = await this.desk.assign(ctx, { id, from: assigneeId, to: next.id });
    if (assigned === undefined) return true;
    const given = ctx.db.updateTable("messaging_duty").set({ givenAt: ctx.now() });
    await given.where("accountId", "=", next.id).execute();
    const name = (await this.accounts.names(ctx, [next.id])).get(next.id) ?? "";
    await this.notes.add(ctx, id, { kind: "assigned", to: { id: next.id, name } });
    await this.#tell(ctx, id, next.id, null);
    return true;
  }

  /** Whose it is; who was disabled, or may answer no more, keeps it from nobody. */
  async #keptBy(ctx: TxCtx, { id, assigneeId }: ConversationRow): Promise<string | null> {
    if (assigneeId === null) return null;
    const actor = await this.rights.actor(ctx, assigneeId);
    if (actor?.permissions.has(messagingReply.code) === true) return assigneeId;
    const released = await this.desk.assign(ctx, { id, from: assigneeId, to: null });
    if (released !== undefined) await this.notes.add(ctx, id, { kind: "released" });
    return released === undefined ? assigneeId : null;
  }

  /** Whether whose it is took it, or wrote in it, only just now. */
  async #isAtIt(ctx: Ctx, conversation: ConversationRow, assigneeId: string): Promise<boolean> {
    const since = ctx.now().getTime() - atItMs;
    if ((conversation.assignedAt?.getTime() ?? 0) > since) return true;
    const last = await this.replies.last(ctx, conversation);
    return last?.authorId === assigneeId && last.createdAt.getTime() > since;
  }

  #duty(ctx: Ctx) {
    return ctx.db.selectFrom("messaging_duty").select(["accountId", "since", "givenAt"]).orderBy("since").execute();
  }

  /** Once in a while to each, and never with one of the last answers that WeChat takes. */
  async #tellBusy(ctx: TxCtx, { wechatAppId, openid }: ConversationRow): Promise<void> {
    const where = { appId: wechatAppId };
    const text = (await this.settings.get(ctx, busyText, where)).trim();
    if (text === "") return;
    const app = (await this.apps.states(ctx)).get(wechatAppId);
    if (app?.enabled !== true) return;
    const { left, until } = await this.replies.allowance(ctx, { wechatAppId, openid }, app.kind);
    if (left <= leftForPeople || until <= ctx.now()) return;
    const everyMs = (await this.settings.get(ctx, busyEveryHours, where)) * hourMs;
    if (!(await claimTold(ctx, { wechatAppId, openid }, "busy", everyMs))) return;
    await this.replies.say(ctx, { wechatAppId, openid }, [{ text }], { automatic: "busy", name: "" });
  }

  #tell(ctx: TxCtx, conversationId: string, accountId: string, by: string | null): Promise<void> {
    // Each time it is given is told.
    const key = newId(ctx.now());
    return this.notifications.notify(
      ctx,
      conversationAssigned,
      { conversationId, by },
      { to: { accountIds: [accountId] }, key },
    );
  }
}

/**
 * A text as an operator's is kept, so that threads show it alike.
 *
 * @param settles the answer that it is a part of, if that answers them
 */
function contentOf(message: { readonly type: string }, settles: string | undefined): Record<string, unknown> {
  const text = "text" in message ? { text: message.text } : { message };
  return { ...text, ...(settles === undefined ? {} : { settles }) };
}
