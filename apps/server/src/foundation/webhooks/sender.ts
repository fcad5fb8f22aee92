import { randomInt } from "node:crypto";
import { Injectable } from "@nestjs/common";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { Task, Verdict } from "@zhanggui/kit/server/queue/definition";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { sql } from "kysely";
import { Deliveries, type DeliveryRow } from "./deliveries.ts";
import { webhookOf } from "./internal/message.ts";
import { type Answer, post } from "./internal/post.ts";
import { pauseAfter } from "./internal/schedule.ts";
import { signedHeaders } from "./internal/signature.ts";
import { type EndpointRow, WebhooksService } from "./webhooks.service.ts";

const dayMs = 86_400_000;
/** An endpoint that took nothing for so long is switched off. */
const givenUpAfterMs = 5 * dayMs;
/** After so many failures in a row an endpoint rests: what hangs there would keep the tenant's others waiting. */
const failuresBeforeRest = 5;
const restMs = 60_000;
const gone = 410;

/** What is to be sent, or until when nothing is. */
type Item =
  | { readonly delivery: DeliveryRow; readonly endpoint: EndpointRow; readonly body: string }
  | { readonly heldUntil: Date };

/**
 * Sends deliveries. One is sent at least once: a server that dies while it waits for the answer sends it again, with
 * the same `webhook-id`.
 */
@Injectable()
export class Sender {
  /** How long a receiver may take. Standard Webhooks recommends 15 to 30 s; tests have less time. */
  timeoutMs = 20_000;

  constructor(
    private readonly runtime: Runtime,
    private readonly deliveries: Deliveries,
    private readonly endpoints: WebhooksService,
  ) {}

  async begin(ctx: TxCtx, { ref, key }: Task): Promise<{ item: Item } | undefined> {
    const row = await ctx.db
      .selectFrom("webhooks_delivery as delivery")
      .innerJoin("webhooks_endpoint as endpoint", "endpoint.id", "delivery.endpointId")
      .innerJoin("webhooks_health as health", "health.endpointId", "endpoint.id")
      .select(["endpoint.id as endpointId", "endpoint.enabled", "health.heldUntil", "delivery.state"])
      .select(({ and, eb, exists, selectFrom }) =>
        and([
          eb("endpoint.isOrdered", "=", true),
          exists(
            selectFrom("webhooks_delivery as before")
              .select("before.id")
              .whereRef("before.endpointId", "=", "delivery.endpointId")
              .where("before.state", "=", "paused")
              .whereRef("before.id", "<", "delivery.id"),
          ),
        ]).as("mustFollow"),
      )
      .where("delivery.id", "=", ref)
      .executeTakeFirst();
    if (row?.state !== "waiting") return undefined;
    if ((!row.enabled || row.mustFollow === true) && (await this.#mustWait(ctx, row.endpointId, ref))) {
      await this.#set(ctx, ref, { state: "paused", nextAt: null });
      return undefined;
    }
    // In order nothing else is under way anyway.
    if (key === null && row.heldUntil !== null && row.heldUntil > ctx.now())
      return { item: { heldUntil: row.heldUntil } };
    const delivery = await ctx.db
      .selectFrom("webhooks_delivery")
      .selectAll()
      .where("id", "=", ref)
      .executeTakeFirstOrThrow();
    const event = await this.deliveries.event(ctx, delivery.eventId);
    if (event === undefined) {
      await this.#set(ctx, ref, { state: "failed", nextAt: null });
      return undefined;
    }
    const endpoint = await this.endpoints.row(ctx, row.endpointId);
    return { item: { delivery, endpoint, body: webhookOf(event, this.runtime.env.PUBLIC_URL) } };
  }

  async send(ctx: Ctx, _task: Task, item: Item): Promise<Answer | undefined> {
    if ("heldUntil" in item) return undefined;
    const { delivery, endpoint, body } = item;
    const now = ctx.now();
    const own = this.endpoints.headersOf(endpoint).map(({ name, value }) => [name, value] as const);
    const headers = {
      ...Object.fromEntries(own),
      "content-type": "application/json",
      "user-agent": "Zhanggui-Webhooks/1",
      ...signedHeaders(this.endpoints.secretsOf(endpoint, now), { id: delivery.eventId, at: now, body }),
    };
    const { egress } = this.endpoints;
    const options = { egress, signal: ctx.signal, now, timeoutMs: this.timeoutMs };
    return post({ url: new URL(endpoint.url), headers, body }, options);
  }

  async settle(ctx: TxCtx, _task: Task, item: Item, answer: Answer | undefined): Promise<Verdict> {
    // Not all in the same moment.
    if ("heldUntil" in item) return { restartAt: new Date(item.heldUntil.getTime() + randomInt(restMs)) };
    if (answer === undefined) return undefined;
    const { delivery, endpoint } = item;
    const { outcome, status, tookMs, excerpt, retryAfterMs } = answer;
    const ok = outcome === "accepted";
    const tries = delivery.tries + 1;
    const pauseMs = ok || status === gone ? undefined : pauseAfter(tries, retryAfterMs);
    const now = ctx.now();
    const isThere = await this.#set(ctx, delivery.id, {
      state: ok ? "delivered" : pauseMs === undefined ? "failed" : "waiting",
      attempts: sql<number>`attempts + 1`,
      tries,
      outcome,
      status,
      tookMs,
      nextAt: pauseMs === undefined ? null : new Date(now.getTime() + pauseMs),
      ...(ok ? { deliveredAt: now } : {}),
    });
    if (!isThere) return undefined;
    const attempt = { deliveryId: delivery.id, endpointId: endpoint.id, ok, outcome, status, tookMs, excerpt };
    await ctx.db.insertInto("webhooks_attempt").values(attempt).execute();
    if (ok) await this.#fareWell(ctx, endpoint.id);
    else await this.#fareBadly(ctx, endpoint.id, status);
    return pauseMs === undefined ? undefined : { restartAfterMs: pauseMs };
  }

  /** Given up after many tries that had nothing to do with its receiver: it is shown, and can be sent again. */
  async failed(ctx: TxCtx, { ref }: Task, _error: unknown, dead: boolean): Promise<Verdict> {
    if (dead) await this.#set(ctx, ref, { state: "failed", nextAt: null });
    return undefined;
  }

  /**
   * Asked with a lock: whoever switches it on, or sends on what is paused, waits for what is paused here, and finds it;
   * or has done so, and nothing is paused.
   */
  async #mustWait(ctx: TxCtx, endpointId: string, deliveryId: string): Promise<boolean> {
    const endpoint = await this.endpoints.row(ctx, endpointId, "share");
    return !endpoint.enabled || (await this.deliveries.mustFollow(ctx, endpoint, deliveryId));
  }

  /** Written seldom: while all is well a row that each attempt changes would only be in the way. */
  async #fareWell(ctx: TxCtx, endpointId: string): Promise<void> {
    const now = ctx.now();
    await ctx.sql`
      UPDATE webhooks_health SET last_success_at = ${now}, failing_since = NULL, failures = 0, held_until = NULL
      WHERE endpoint_id = ${endpointId} AND (failing_since IS NOT NULL OR last_success_at IS NULL
        OR last_success_at < ${new Date(now.getTime() - 10_000)})`;
  }

  async #fareBadly(ctx: TxCtx, endpointId: string, status: number | null): Promise<void> {
    const now = ctx.now();
    const [health] = await ctx.sql<{ failingSince: Date }>`
      UPDATE webhooks_health SET failing_since = coalesce(failing_since, ${now}), failures = failures + 1,
        held_until = CASE WHEN failures + 1 >= ${failuresBeforeRest}
          THEN ${new Date(now.getTime() + restMs)}::timestamptz END
      WHERE endpoint_id = ${endpointId} RETURNING failing_since`;
    if (health === undefined) return;
    if (status === gone) await this.endpoints.disable(ctx, endpointId, "gone");
    else if (now.getTime() - health.failingSince.getTime() >= givenUpAfterMs)
      await this.endpoints.disable(ctx, endpointId, "failing");
  }

  /** False for one that was deleted meanwhile. */
  async #set(
    ctx: TxCtx,
    id: string,
    change: Partial<Record<keyof DeliveryRow, unknown>> & { readonly state: DeliveryRow["state"] },
  ): Promise<boolean> {
    const { numUpdatedRows } = await ctx.db
      .updateTable("webhooks_delivery")
      .set(change as object)
      .where("id", "=", id)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }
}
