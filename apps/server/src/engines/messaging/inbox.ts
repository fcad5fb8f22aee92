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
import { Desk } from "../connect/desk.ts";
import { showTyping } from "@zhanggui/wechat/calls/custom-messages";
import { messagingReply, wroteMeanwhile } from "./conversations.contract.ts";
import { assignedMeanwhile, cannotAnswer } from "./desk.contract.ts";
import { Notes } from "./internal/notes.ts";
import { claimTold } from "./internal/told.ts";
import type { messaging } from "./messaging.contract.ts";
import { conversationAssigned } from "./messaging.notifications.ts";
import { assignBy, busyAfterMinutes, busyEveryHours, busyText, busyWhen, openLimit } from "./messaging.settings.ts";
import { Replies } from "./replies.ts";
import { Rules } from "./rules.ts";
import { type Detail, type Entry, entryOf, Threads } from "./threads.ts";

const mostStaff = 500;
/** Looked at in one turn of the schedule; who has waited longest comes first. */
const mostWaiting = 1_000;
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
      const settles = rest.row.on !== "default";
      const contents = rest.messages.map((message) => contentOf(message, settles));
      const by = { automatic: "rule", ruleId: rest.row.id, name: rest.row.name } as const;
      await this.replies.say(ctx, { wechatAppId, openid }, contents, by);
      if (settles) return;
    }
    if (kind.startsWith("event:")) return;
    const conversation = await this.conversations.of(ctx, { wechatAppId, openid });
    if (conversation?.state !== "waiting") return;
    const free = await this.#assignByTurns(ctx, conversation);
    const when = await this.settings.get(ctx, busyWhen, { appId: wechatAppId });
    if (when !== "never" && !free) await this.#tellBusy(ctx, conversation);
  }

  /** Every minute: who has waited so long that they are told that all are busy. */
  tellLate(): Promise<void> {
    return this.tenants.each(async (ctx) => {
      for (const conversation of await this.conversations.waiting(ctx, mostWaiting)) {
        const where = { appId: conversation.wechatAppId };
        if ((await this.settings.get(ctx, busyWhen, where)) !== "off_duty_or_late") continue;
        const afterMs = (await this.settings.get(ctx, busyAfterMinutes, where)) * minuteMs;
        if (ctx.now().getTime() - (conversation.waitingSince?.getTime() ?? Infinity) < afterMs) continue;
        await ctx.tx((ctx) => this.#tellBusy(ctx, conversation));
      }
    });
  }

  /** @throws Fault `messaging.assigned_meanwhile`, `messaging.cannot_answer`, `kit.not_found` */
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
        const by = now === null ? "" : ((await this.accounts.names(ctx, [now])).get(now) ?? "");
        throw assignedMeanwhile({ by });
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

  /** @throws Fault `messaging.wrote_meanwhile`, `kit.not_found`; `kit.invalid_input` for what is over */
  async snooze(
    ctx: Ctx,
    { conversationId: id, lastMessageId: lastId, until: at }: Flat<typeof messaging.snoozeConversation>,
  ): Promise<Detail> {
    await this.threads.reached(ctx, id, messagingReply);
    const until = new Date(at);
    if (until <= ctx.now()) throw invalidInput({ errors: [{ field: "until" }] });
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
    const onDuty = new Set(await this.#onDuty(ctx));
    return ids
      .map((id) => ({ id, name: names.get(id) ?? "", isOnDuty: onDuty.has(id), open: loads.get(id)?.open ?? 0 }))
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
   * after the other, so that nobody gets more than the limit. Whose it was stays, if they are on duty.
   *
   * @returns whether somebody on duty has it
   */
  async #assignByTurns(ctx: TxCtx, { id, assigneeId }: ConversationRow): Promise<boolean> {
    const able = new Set(await this.rights.holdersOf(ctx, messagingReply, mostStaff));
    // Whoever was disabled, or may answer no more, is on duty no more either.
    const onDuty = (await this.#onDuty(ctx)).filter((each) => able.has(each));
    if (assigneeId !== null && onDuty.includes(assigneeId)) return true;
    if ((await this.settings.get(ctx, assignBy)) === "nobody" || onDuty.length === 0) return onDuty.length > 0;
    await ctx.lock("messaging.turns", "");
    const most = await this.settings.get(ctx, openLimit);
    const loads = await this.desk.loads(ctx, onDuty);
    const [next] = onDuty
      .map((each) => ({ id: each, open: 0, lastAt: null, ...loads.get(each) }))
      .filter(({ open }) => open < most)
      .toSorted((a, b) => a.open - b.open || (a.lastAt?.getTime() ?? 0) - (b.lastAt?.getTime() ?? 0));
    if (next === undefined) return false;
    const assigned = await this.desk.assign(ctx, { id, from: assigneeId, to: next.id });
    if (assigned === undefined) return true;
    const name = (await this.accounts.names(ctx, [next.id])).get(next.id) ?? "";
    await this.notes.add(ctx, id, { kind: "assigned", to: { id: next.id, name } });
    await this.#tell(ctx, id, next.id, null);
    return true;
  }

  async #onDuty(ctx: Ctx): Promise<string[]> {
    const rows = await ctx.db.selectFrom("messaging_duty").select("accountId").orderBy("since").execute();
    return rows.map(({ accountId }) => accountId);
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

/** A text as an operator's is kept, so that threads show it alike. */
function contentOf(message: { readonly type: string }, settles: boolean): Record<string, unknown> {
  const text = "text" in message ? { text: message.text } : { message };
  return { ...text, ...(settles ? { settles } : {}) };
}
