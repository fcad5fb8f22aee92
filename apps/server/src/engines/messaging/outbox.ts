import { randomUUID } from "node:crypto";
import { Injectable } from "@nestjs/common";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { Updateable } from "kysely";
import { Deliveries, type DeliveryRow } from "./deliveries.ts";
import type { MessagingTables } from "./messaging.tables.ts";
import { Receipts } from "./internal/receipts.ts";
import { type Outcome, Senders } from "./internal/senders.ts";
import { explain } from "./internal/reasons.ts";

/** Longer than a sending can take: token, call and their timeouts together. */
const leaseMs = 60_000;
/** Tries in which the provider certainly did nothing; pauses of 5, 10, 20 … seconds between them. */
const attemptLimit = 8;
const firstPauseSeconds = 5;

/**
 * Sends what is ready, at most once. Before a call goes out, "submitting" is committed; after it, what came back. A
 * server that dies in between leaves "submitting", which turns into "unknown" when its lease is over: shown and
 * explained, not sent again.
 */
@Injectable()
export class Outbox {
  readonly #runtime: Runtime;
  readonly #deliveries: Deliveries;
  readonly #senders: Senders;
  readonly #receipts: Receipts;
  /** This process, told apart from the one that was killed before it. */
  readonly #owner = randomUUID();

  constructor(runtime: Runtime, deliveries: Deliveries, senders: Senders, receipts: Receipts) {
    this.#runtime = runtime;
    this.#deliveries = deliveries;
    this.#senders = senders;
    this.#receipts = receipts;
  }

  /** Sends one delivery. False when none is due. */
  async work(): Promise<boolean> {
    const claimed = await this.#claim();
    if (claimed === undefined) return false;
    const ctx = this.#open(claimed);
    const outcome = await this.#senders.send(ctx, claimed);
    await ctx.tx((ctx) => this.#settle(ctx, claimed, outcome));
    return true;
  }

  /** Claims one row and commits that, before anything goes out. */
  #claim(): Promise<DeliveryRow | undefined> {
    return this.#runtime.ownerTransaction(async (trx) => {
      const [found] = await trx.query<{ tenant_id: string; id: string; trace_id: string; attempts: number }>(
        `SELECT tenant_id, id, trace_id, attempts FROM messaging_delivery WHERE state = 'ready' AND due_at <= $1
         ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
        [this.#runtime.clock.now()],
      );
      if (found === undefined) return undefined;
      const as = { tenantId: found.tenant_id, traceId: found.trace_id };
      return trx.runAsTenant(as, (ctx) => this.#submit(ctx, found));
    });
  }

  async #submit(ctx: TxCtx, found: { id: string; attempts: number }): Promise<DeliveryRow | undefined> {
    const now = ctx.now();
    const attempt = found.attempts + 1;
    const because = explain("submitting", { attempt });
    await this.#deliveries.step(ctx, found.id, "submitting", because, { attempt, by: this.#owner });
    return ctx.db
      .updateTable("messaging_delivery")
      .set({
        state: "submitting",
        zh: because.zh,
        en: because.en,
        claimedBy: this.#owner,
        leaseUntil: new Date(now.getTime() + leaseMs),
        updatedAt: now,
      })
      .where("id", "=", found.id)
      .returningAll()
      .executeTakeFirst();
  }

  async #settle(ctx: TxCtx, delivery: DeliveryRow, outcome: Outcome): Promise<void> {
    const { change, because, details } = this.#conclusion(ctx, delivery, outcome);
    const settled = await ctx.db
      .updateTable("messaging_delivery")
      .set({ ...change, zh: because.zh, en: because.en, leaseUntil: null, updatedAt: ctx.now() })
      .where("id", "=", delivery.id)
      // An answer later than our own lease still counts: it is better than "unknown".
      .where("state", "in", ["submitting", "unknown"])
      .where("claimedBy", "=", this.#owner)
      .returning("id")
      .executeTakeFirst();
    if (settled === undefined) return;
    await this.#deliveries.step(ctx, delivery.id, "answered", because, details);
    if (outcome.kind === "accepted" && delivery.channel === "wechat_template") {
      await this.#receipts.match(ctx, delivery.wechatAppId, outcome.providerId);
    }
  }

  #conclusion(ctx: Ctx, delivery: DeliveryRow, outcome: Outcome): Conclusion {
    if (outcome.kind === "accepted") {
      const { providerId, because } = outcome;
      return { change: { state: "accepted", providerId: providerId }, because, details: { providerId } };
    }
    if (outcome.kind !== "not_sent") {
      const { because, details } = outcome;
      return { change: { state: outcome.kind === "refused" ? "failed" : "unknown" }, because, details };
    }
    const attempts = delivery.attempts + 1;
    const { reason } = outcome;
    const details = { attempts, reason };
    if (attempts >= attemptLimit) {
      return { change: { state: "failed", attempts }, because: explain("gaveUp", { attempts, reason }), details };
    }
    const seconds = firstPauseSeconds * 2 ** (attempts - 1);
    const dueAt = new Date(ctx.now().getTime() + seconds * 1000);
    return { change: { state: "ready", attempts, dueAt }, because: explain("retry", { reason, seconds }), details };
  }

  /** What a dead process was sending. Its answer will never come, and whether it went out nobody can tell. */
  expireLeases(): Promise<boolean> {
    return this.#runtime.ownerTransaction(async (trx) => {
      const [found] = await trx.query<{ tenant_id: string; id: string; trace_id: string; claimed_by: string }>(
        `SELECT tenant_id, id, trace_id, claimed_by FROM messaging_delivery
         WHERE state = 'submitting' AND lease_until < $1 LIMIT 1 FOR UPDATE SKIP LOCKED`,
        [this.#runtime.clock.now()],
      );
      if (found === undefined) return false;
      await trx.runAsTenant({ tenantId: found.tenant_id, traceId: found.trace_id }, async (ctx) => {
        const because = explain("lost");
        await ctx.db
          .updateTable("messaging_delivery")
          .set({ state: "unknown", ...because, updatedAt: ctx.now() })
          .where("id", "=", found.id)
          .execute();
        await this.#deliveries.step(ctx, found.id, "lost", because, { by: found.claimed_by });
      });
      return true;
    });
  }

  #open({ tenantId, traceId }: { tenantId: string; traceId: string }): Ctx {
    return this.#runtime.ctx(tenantId, { traceId: traceId });
  }
}

interface Conclusion {
  readonly change: Updateable<MessagingTables["messaging_delivery"]>;
  readonly because: LocalizedText;
  readonly details: Readonly<Record<string, unknown>>;
}
