import { Injectable } from "@nestjs/common";
import { maskAddress } from "@zhanggui/kit/contract/contact-address";
import { newId } from "@zhanggui/kit/contract/ids";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import type { Sent, Text } from "@zhanggui/sms/provider";
import { type AccountRow, Accounts } from "./accounts.ts";
import { fillPlaces, parametersFor, placesOf } from "./internal/places.ts";
import { SmoothWeighted } from "./internal/weighted.ts";
import { TokenBucket } from "./internal/token-bucket.ts";
import { explain, refusedBecause } from "./internal/words.ts";
import { Receipts } from "./receipts.ts";
import type { TemplateRow } from "./templates.ts";

/** Longer than a carrier ever took; shorter than whoever waits for a code has patience. */
const callMs = 8_000;
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
};

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
    private readonly accounts: Accounts,
    private readonly receipts: Receipts,
  ) {}

  /** Outside a transaction: each attempt is committed before its call. */
  async send(ctx: Ctx, order: Order): Promise<Outcome> {
    const earlier = await this.#earlier(ctx, order.messageId);
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
      if (!(await this.#mayTry(ctx, account))) continue;
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
      const outcome = await this.#settle(ctx, candidate, template, attemptId, sent);
      if (outcome.kind !== "next") return outcome.told;
      last = outcome.told;
    }
    return last ?? { kind: "later", attemptId: undefined, because: noneLeft };
  }

  /** What earlier tries of the same came to: one that may have been sent ends it. */
  async #earlier(ctx: Ctx, messageId: string) {
    const attempts = await ctx.db
      .selectFrom("sms_attempt")
      .select(["id", "accountId", "state", "zh", "en", "createdAt"])
      .where("messageId", "=", messageId)
      .orderBy("number")
      .execute();
    // Its process died in between: nobody will ever say what came of it.
    for (const { id } of attempts.filter(({ state }) => state === "submitting"))
      await ctx.db
        .updateTable("sms_attempt")
        .set({ state: "unknown", ...explain("lost") })
        .where("id", "=", id)
        .where("state", "=", "submitting")
        .execute();
    const last = attempts.find(({ state }) => state !== "refused" && state !== "unreached");
    const kind = last?.state === "submitting" || last?.state === "unknown" ? "unknown" : "accepted";
    const ended: Outcome | undefined =
      last === undefined
        ? undefined
        : { kind, attemptId: last.id, because: kind === "unknown" ? explain("lost") : { zh: last.zh, en: last.en } };
    const refused = attempts.filter(({ state }) => state === "refused").map(({ accountId }) => accountId);
    return { ended, tried: attempts.length, accounts: new Set(refused) };
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
  async #mayTry(ctx: Ctx, { id, brokenUntil }: AccountRow): Promise<boolean> {
    if (brokenUntil === null) return true;
    const now = ctx.now();
    const won = await ctx.db
      .updateTable("sms_account")
      .set({ brokenUntil: new Date(now.getTime() + shortBreakMs) })
      .where("id", "=", id)
      .where("brokenUntil", "<=", now)
      .returning("id")
      .executeTakeFirst();
    return won !== undefined;
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
    const { kind: state } = sent;
    await ctx.db
      .updateTable("sms_attempt")
      .set({ state, ...because, code: sent.kind === "refused" ? sent.code : null, answeredAt: ctx.now() })
      .where("id", "=", attemptId)
      .where("state", "=", "submitting")
      .execute();
    if (sent.kind === "unknown") {
      await this.#failed(ctx, accountId, because);
      return { kind: "ended", told: { kind: "unknown", attemptId, because } };
    }
    if (sent.kind === "unreached") {
      await this.#failed(ctx, accountId, because);
      return { kind: "next", told: { kind: "later", attemptId, because } };
    }
    switch (sent.why) {
      case "account":
        await this.#broken(ctx, accountId, because);
        return { kind: "next", told: { kind: "later", attemptId, because } };
      case "busy":
        await this.#failed(ctx, accountId, because);
        return { kind: "next", told: { kind: "later", attemptId, because } };
      case "content":
        await this.#works(ctx, account);
        await ctx.db
          .updateTable("sms_binding")
          .set({ refusedAt: ctx.now(), ...because })
          .where("templateId", "=", template.id)
          .where("accountId", "=", accountId)
          .execute();
        return { kind: "next", told: { kind: "refused", attemptId, because } };
      // Another carrier would get round a limit that protects people, or meets the same number and hour.
      case "recipient":
      case "recipient_limit":
      case "window":
      case "request":
        await this.#works(ctx, account);
        return { kind: "ended", told: { kind: "refused", attemptId, because } };
    }
  }

  /** Nothing is written of an account that works, as nearly all do. */
  async #works(ctx: Ctx, { id, failures, brokenUntil }: AccountRow): Promise<void> {
    if (failures === 0 && brokenUntil === null) return;
    const set = { failures: 0, brokenUntil: null, zh: null, en: null };
    await ctx.db.updateTable("sms_account").set(set).where("id", "=", id).execute();
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
  zh: "没有可用的短信账号，稍后重试。",
  en: "No account can send it now; it is tried again.",
};
