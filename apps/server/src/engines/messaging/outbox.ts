import { Injectable } from "@nestjs/common";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { Task, Verdict } from "@zhanggui/kit/server/queue/definition";
import { Deliveries, type DeliveryRow } from "./deliveries.ts";
import { Receipts } from "./internal/receipts.ts";
import { type Outcome, Senders } from "./internal/senders.ts";
import { explain } from "./internal/reasons.ts";
import { Replies } from "./replies.ts";

/** Tries in which the provider certainly did nothing; pauses of 5, 10, 20 … seconds between them. */
export const attemptLimit = 8;
const firstPauseSeconds = 5;

/**
 * Sends what is ready, at most once. Before a call goes out, "submitting" is committed; after it, what came back. A
 * server that dies in between leaves "submitting", which turns into "unknown" when its lease is over: shown and
 * explained, not sent again.
 */
@Injectable()
export class Outbox {
  constructor(
    private readonly deliveries: Deliveries,
    private readonly senders: Senders,
    private readonly receipts: Receipts,
    private readonly replies: Replies,
  ) {}

  async begin(ctx: TxCtx, { ref, attempt }: Task): Promise<{ item: DeliveryRow } | undefined> {
    const because = explain("submitting", { attempt });
    const item = await this.#move(ctx, ref, { state: "submitting" }, because, ["ready"]);
    if (item === undefined) return undefined;
    await this.deliveries.step(ctx, ref, "submitting", because, { attempt });
    return { item };
  }

  send(ctx: Ctx, _task: Task, delivery: DeliveryRow): Promise<Outcome> {
    return this.senders.send(ctx, delivery);
  }

  async settle(ctx: TxCtx, { attempt }: Task, delivery: DeliveryRow, outcome: Outcome): Promise<Verdict> {
    const { change, because, details, retryAfterMs } = conclude(outcome, attempt);
    await this.replies.lock(ctx, delivery);
    const settled = await this.#move(ctx, delivery.id, change, because, ["submitting", "unknown"]);
    if (settled === undefined) return undefined;
    await this.deliveries.step(ctx, delivery.id, "answered", because, details);
    if (outcome.kind === "accepted" && delivery.channel === "wechat_template") {
      await this.receipts.match(ctx, delivery.wechatAppId, outcome.providerId);
    }
    if (change.state !== "ready") await this.replies.ended(ctx, settled);
    return retryAfterMs === undefined ? undefined : { retryAfterMs };
  }

  /** An answer later than the lease still counts: it is better than "unknown". */
  async settleLate(ctx: TxCtx, task: Task, delivery: DeliveryRow, outcome: Outcome): Promise<void> {
    if (outcome.kind !== "not_sent") await this.settle(ctx, task, delivery, outcome);
  }

  /** What a dead process was sending. Its answer will never come, and whether it went out nobody can tell. */
  async giveUp(ctx: TxCtx, { ref, attempt }: Task): Promise<void> {
    const because = explain("lost");
    const lost = await this.#move(ctx, ref, { state: "unknown" }, because, ["submitting"]);
    if (lost === undefined) return;
    await this.deliveries.step(ctx, ref, "lost", because, { attempt });
    await this.replies.ended(ctx, lost);
  }

  #move(
    ctx: TxCtx,
    id: string,
    change: Conclusion["change"],
    because: LocalizedText,
    from: readonly DeliveryRow["state"][],
  ): Promise<DeliveryRow | undefined> {
    return ctx.db
      .updateTable("messaging_delivery")
      .set({ ...change, ...because, updatedAt: ctx.now() })
      .where("id", "=", id)
      .where("state", "in", from)
      .returningAll()
      .executeTakeFirst();
  }
}

interface Conclusion {
  readonly change: { readonly state: DeliveryRow["state"]; readonly providerId?: string };
  readonly because: LocalizedText;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterMs?: number;
}

function conclude(outcome: Outcome, attempts: number): Conclusion {
  if (outcome.kind === "delivered") return { change: { state: "delivered" }, because: outcome.because, details: {} };
  if (outcome.kind === "accepted") {
    const { providerId, because } = outcome;
    return { change: { state: "accepted", providerId }, because, details: { providerId } };
  }
  if (outcome.kind !== "not_sent") {
    const { because, details } = outcome;
    return { change: { state: outcome.kind === "refused" ? "failed" : "unknown" }, because, details };
  }
  const { reason } = outcome;
  const details = { attempts, reason };
  if (attempts >= attemptLimit) {
    return { change: { state: "failed" }, because: explain("gaveUp", { attempts, reason }), details };
  }
  const seconds = firstPauseSeconds * 2 ** (attempts - 1);
  const because = explain("retry", { reason, seconds });
  return { change: { state: "ready" }, because, details, retryAfterMs: seconds * 1000 };
}
