import { Injectable } from "@nestjs/common";
import { maskAddress } from "@zhanggui/kit/contract/contact-address";
import { newId } from "@zhanggui/kit/contract/ids";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { Refusal, Sent, Text } from "@zhanggui/sms/provider";
import { type AccountRow, Accounts } from "./accounts.ts";
import { fillPlaces, parametersFor, placesOf } from "./internal/places.ts";
import { SmoothWeighted } from "./internal/weighted.ts";
import { TokenBucket } from "./internal/token-bucket.ts";
import { explain, refusedBecause } from "./internal/words.ts";
import { Receipts } from "./receipts.ts";
import { attemptPhone } from "./sms.sealed.ts";
import type { TemplateRow } from "./templates.ts";

/** Longer than Node tries to connect (10 s), so that "not reached" is told from "no answer". */
const callMs = 12_000;
/** A try that is older has no process any more that could say what came of it. */
const heldMs = callMs + 5_000;
/** Calls in a row that weren't handed over, after which an account is left out. */
const mostFailures = 3;
const shortBreakMs = 30_000;
/** No money, a wrong key: nobody mends that within half a minute. */
const longBreakMs = 300_000;

export interface Order {
  /** What is sent: its attempts are counted by it, so a second order for the same sends nothing twice. */
  readonly messageId: string;
  readonly template: TemplateRow;
  /** As `PhoneNumber` gives it. */
  readonly phone: string;
  readonly values: Readonly<Record<string, string>>;
  /** Only by this account. */
  readonly accountId?: string | undefined;
}

export type Outcome = {
  readonly kind: "accepted" | "refused" | "unknown" | "later";
  readonly attemptId: string | undefined;
  readonly because: LocalizedText;
  /** The carrier's own word, or what went wrong on the way there. */
  readonly code?: string;
};

/** Refusals that another account wouldn't change, or must not: they hold for this text whoever is to bring it. */
const final: ReadonlySet<Refusal | null> = new Set(["recipient", "recipient_limit", "window", "values", "request"]);

interface Earlier {
  readonly id: string;
  readonly state: string;
  readonly why: Refusal | null;
  readonly zh: string;
  readonly en: string;
  readonly createdAt: Date;
}

interface Candidate {
  readonly id: string;
  readonly weight: number;
  readonly account: AccountRow;
  readonly signature: string;
  readonly code: string;
}

/**
 * Brings one text to a carrier: whose turn it is by weight, and the next where it certainly wasn't sent. What may have
 * been sent is never sent again.
 */
@Injectable()
export class Router {
  readonly #turns = new Map<string, SmoothWeighted>();
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(
    private readonly runtime: Runtime,
    private readonly accounts: Accounts,
    private readonly receipts: Receipts,
  ) {}

  /** Outside a transaction: each attempt is committed before its call. */
  async send(ctx: Ctx, order: Order): Promise<Outcome> {
    const earlier = await this.earlier(ctx, order.messageId);
    if (earlier.ended !== undefined) return earlier.ended;
    const { template, values } = order;
    const places = placesOf(template.text, template.category);
    let last: Outcome | undefined;
    let number = earlier.tried;
    for (const candidate of await this.#candidates(ctx, order, earlier.accounts)) {
      const { account, signature, code } = candidate;
      if (!this.#mayPass(ctx, account)) {
        last ??= { kind: "later", attemptId: undefined, because: refusedBecause("busy", `${account.perSecond}/s`) };
        continue;
      }
      const probing = await this.#mayTry(ctx, account);
      if (probing === undefined) continue;
      number += 1;
      const attemptId = newId(ctx.now());
      await this.#begin(ctx, order, attemptId, number, account.id);
      const text: Text = {
        to: order.phone.startsWith("+") ? order.phone : `+86${order.phone}`,
        signature,
        templateId: code,
        parameters: parametersFor(account.provider, places, values),
        text: fillPlaces(template.text, values),
        reference: attemptId,
      };
      const { provider, access } = this.accounts.access(ctx, account, callMs);
      const [sent = { kind: "unknown", reason: "no outcome" } as const] = await provider.send(access, [text]);
      const outcome = await this.#settle(ctx, { ...candidate, account: probing }, template, attemptId, sent);
      if (outcome.kind !== "next") return outcome.told;
      last = outcome.told;
    }
    return last ?? { kind: "later", attemptId: undefined, because: noneLeft };
  }

  /** What earlier tries of the same came to: one that may have been sent, or was refused for good, ends it. */
  async earlier(ctx: Ctx, messageId: string) {
    const attempts = await ctx.db
      .selectFrom("sms_attempt")
      .select(["id", "accountId", "state", "why", "zh", "en", "createdAt"])
      .where("messageId", "=", messageId)
      .orderBy("number")
      .execute();
    const ended = await this.#ended(ctx, attempts);
    const refused = attempts.filter(({ state }) => state === "refused").map(({ accountId }) => accountId);
    return { ended, tried: attempts.length, accounts: new Set(refused) };
  }

  async #ended(ctx: Ctx, attempts: readonly Earlier[]): Promise<Outcome | undefined> {
    const held = attempts.find(({ state }) => state === "submitting");
    if (held !== undefined) {
      // Somebody is at it, in this process or another.
      if (held.createdAt.getTime() > ctx.now().getTime() - heldMs)
        return { kind: "later", attemptId: held.id, because: explain("submitting") };
      // Its process died in between: nobody will ever say what came of it.
      await ctx.db
        .updateTable("sms_attempt")
        .set({ state: "unknown", ...explain("lost") })
        .where("id", "=", held.id)
        .where("state", "=", "submitting")
        .execute();
      return { kind: "unknown", attemptId: held.id, because: explain("lost") };
    }
    const last = attempts.find(({ state, why }) => state !== "unreached" && (state !== "refused" || final.has(why)));
    if (last === undefined) return undefined;
    const kind = last.state === "unknown" ? "unknown" : last.state === "refused" ? "refused" : "accepted";
    return { kind, attemptId: last.id, because: { zh: last.zh, en: last.en } };
  }

  /** Those that may send it, whose turn it is first; those that refused it already come last of all. */
  async #candidates(
    ctx: Ctx,
    { template, accountId }: Order,
    refusedBy: ReadonlySet<string>,
  ): Promise<readonly Candidate[]> {
    let rows = ctx.db
      .selectFrom("sms_binding")
      .innerJoin("sms_account", "sms_account.id", "sms_binding.accountId")
      .selectAll("sms_account")
      .select(["sms_binding.signature", "sms_binding.code"])
      .where("sms_binding.templateId", "=", template.id)
      .where("sms_binding.refusedAt", "is", null)
      .where("sms_account.enabled", "=", true)
      .where("sms_account.deletedAt", "is", null)
      .where(({ eb, or }) =>
        or([eb("sms_account.brokenUntil", "is", null), eb("sms_account.brokenUntil", "<=", ctx.now())]),
      );
    if (accountId !== undefined) rows = rows.where("sms_account.id", "=", accountId);
    const found = (await rows.orderBy("sms_account.id").execute()).map(({ signature, code, ...account }) => {
      return { id: account.id, weight: account.weight, account, signature, code };
    });
    const key = `${ctx.tenantId} ${template.id}`;
    const turns = this.#turns.get(key) ?? new SmoothWeighted();
    this.#turns.set(key, turns);
    const ordered = turns.order(found);
    return [...ordered.filter(({ id }) => !refusedBy.has(id)), ...ordered.filter(({ id }) => refusedBy.has(id))];
  }

  #mayPass(ctx: Ctx, { id, perSecond }: AccountRow): boolean {
    if (perSecond === null) return true;
    const now = ctx.now().getTime();
    const known = this.#buckets.get(id);
    const bucket = known?.perSecond === perSecond ? known : new TokenBucket(perSecond, now);
    this.#buckets.set(id, bucket);
    return bucket.take(now);
  }

  /** After a break one call tries whether it works again; to the others it is left out meanwhile. */
  async #mayTry(ctx: Ctx, account: AccountRow): Promise<AccountRow | undefined> {
    if (account.brokenUntil === null) return account;
    const now = ctx.now();
    const won = await ctx.db
      .updateTable("sms_account")
      .set({ brokenUntil: new Date(now.getTime() + shortBreakMs) })
      .where("id", "=", account.id)
      .where("brokenUntil", "<=", now)
      .returning("brokenUntil")
      .executeTakeFirst();
    return won === undefined ? undefined : { ...account, ...won };
  }

  async #begin(ctx: Ctx, order: Order, id: string, number: number, accountId: string): Promise<void> {
    await ctx.db
      .insertInto("sms_attempt")
      .values({
        id,
        messageId: order.messageId,
        number,
        category: order.template.category,
        templateId: order.template.id,
        accountId,
        phone: maskAddress("phone", order.phone),
        phoneSealed: this.runtime.secrets.seal(order.phone, attemptPhone.context({ id })),
        ...explain("submitting"),
      })
      .execute();
  }

  async #settle(
    ctx: Ctx,
    { account, id: accountId }: Candidate,
    template: TemplateRow,
    attemptId: string,
    sent: Sent,
  ): Promise<{ readonly kind: "ended" | "next"; readonly told: Outcome }> {
    if (sent.kind === "accepted") {
      await this.#works(ctx, account);
      await this.receipts.accepted(ctx, { attemptId, accountId, providerId: sent.id, segments: sent.segments ?? null });
      return { kind: "ended", told: { kind: "accepted", attemptId, because: explain("accepted") } };
    }
    const because =
      sent.kind === "refused"
        ? refusedBecause(sent.why, sent.code)
        : explain(sent.kind === "unknown" ? "unknown" : "unreached", { reason: sent.reason });
    const code = sent.kind === "refused" ? sent.code : sent.reason;
    const [state, why] = [sent.kind, sent.kind === "refused" ? sent.why : null];
    const written = await ctx.db
      .updateTable("sms_attempt")
      .set({
        state,
        why,
        ...because,
        code: sent.kind === "refused" ? sent.code : null,
        answeredAt: ctx.now(),
        ...(state !== "unknown" && { phoneSealed: null }),
      })
      .where("id", "=", attemptId)
      .where("state", "=", "submitting")
      .returning("id")
      .executeTakeFirst();
    // Somebody took it for lost meanwhile, or a receipt has come: it ended there, and nobody goes on from here.
    if (written === undefined) return { kind: "ended", told: { kind: "unknown", attemptId, because, code } };
    if (sent.kind === "unknown") {
      await this.#failed(ctx, accountId, because);
      return { kind: "ended", told: { kind: "unknown", attemptId, because } };
    }
    if (sent.kind === "unreached") {
      await this.#failed(ctx, accountId, because);
      return { kind: "next", told: { kind: "later", attemptId, because, code } };
    }
    switch (sent.why) {
      case "account":
        await this.#broken(ctx, accountId, because);
        return { kind: "next", told: { kind: "later", attemptId, because, code } };
      case "busy":
        await this.#failed(ctx, accountId, because);
        return { kind: "next", told: { kind: "later", attemptId, because, code } };
      case "template":
        await this.#works(ctx, account);
        await ctx.db
          .updateTable("sms_binding")
          .set({ refusedAt: ctx.now(), ...because })
          .where("templateId", "=", template.id)
          .where("accountId", "=", accountId)
          .execute();
        return { kind: "next", told: { kind: "refused", attemptId, because, code } };
      // Another carrier would get round a limit that protects people, or meets the same number, hour and words.
      case "values":
      case "recipient":
      case "recipient_limit":
      case "window":
      case "request":
        await this.#works(ctx, account);
        return { kind: "ended", told: { kind: "refused", attemptId, because, code } };
    }
  }

  /** Nothing is written of an account that works, as nearly all do. */
  async #works(ctx: Ctx, { id, failures, brokenUntil }: AccountRow): Promise<void> {
    if (failures === 0 && brokenUntil === null) return;
    const set = { failures: 0, brokenUntil: null, zh: null, en: null };
    // Another call may have found out meanwhile that it is out of money: that is newer.
    await ctx.db
      .updateTable("sms_account")
      .set(set)
      .where("id", "=", id)
      .where("brokenUntil", "is not distinct from", brokenUntil)
      .execute();
  }

  async #failed(ctx: Ctx, id: string, because: LocalizedText): Promise<void> {
    const { failures } = await ctx.db
      .updateTable("sms_account")
      .set(({ eb }) => ({ failures: eb("failures", "+", 1) }))
      .where("id", "=", id)
      .returning("failures")
      .executeTakeFirstOrThrow();
    if (failures < mostFailures) return;
    const brokenUntil = new Date(ctx.now().getTime() + shortBreakMs);
    await ctx.db
      .updateTable("sms_account")
      .set({ brokenUntil, ...because })
      .where("id", "=", id)
      .execute();
  }

  async #broken(ctx: Ctx, id: string, because: LocalizedText): Promise<void> {
    const brokenUntil = new Date(ctx.now().getTime() + longBreakMs);
    await ctx.db
      .updateTable("sms_account")
      .set({ failures: mostFailures, brokenUntil, ...because })
      .where("id", "=", id)
      .execute();
    ctx.log.warn({ accountId: id, because: because.en }, "an account of text messages is left out");
  }
}

const noneLeft = {
  zh: "短信账号现在都不能发送（暂停使用，或超过每秒上限），请稍后再试。",
  en: "No account can send it just now: they are left out for a while, or over their rate limit.",
};
