import type { Kysely } from "kysely";
import type { EventDefinition } from "../contract/event.ts";
import { newId } from "../contract/ids.ts";
import type { Clock } from "./clock.ts";
import type { TxCtx } from "./ctx.ts";
import type { Logger } from "./log.ts";
import type { OwnerTransaction } from "./owner-transaction.ts";
import type { Tables } from "./tables.ts";

/** What a handler is told besides the payload. */
export interface EventMeta {
  readonly eventId: string;
  readonly occurredAt: Date;
  readonly name: string;
}

/**
 * Runs in one transaction with the mark that says it ran, so its effect in the database happens exactly once. What
 * reaches outside belongs into a job or an inbox row that it writes.
 */
export type EventHandler<Payload> = (ctx: TxCtx, payload: Payload, meta: EventMeta) => Promise<void>;

interface Subscriber {
  readonly handler: string;
  readonly event: EventDefinition<unknown>;
  readonly run: EventHandler<unknown>;
}

/** A failed delivery is tried this often before it is parked, with pauses of 2, 4, 8 … seconds, an hour at most. */
const attemptLimit = 10;
const longestPauseMs = 3_600_000;
const dispatchBatch = 100;
/** A handler that no process has reported for this long no longer gets deliveries. */
const subscriptionTtlMs = 7 * 86_400_000;

/**
 * The event log as a queue. An emit is one row in the caller's transaction; `dispatch` gives each subscriber of that
 * moment its own delivery row, `handle` runs one delivery. Both claim with FOR UPDATE SKIP LOCKED and hold the claim
 * in the transaction that does the work: a process that dies lets go of it at once.
 */
export class Events {
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #transaction: <Result>(work: (trx: OwnerTransaction) => Promise<Result>) => Promise<Result>;

  constructor(
    db: Kysely<Tables>,
    clock: Clock,
    log: Logger,
    transaction: <Result>(work: (trx: OwnerTransaction) => Promise<Result>) => Promise<Result>,
  ) {
    this.#db = db;
    this.#clock = clock;
    this.#log = log;
    this.#transaction = transaction;
  }

  subscribe<Payload>(event: EventDefinition<Payload>, handler: string, run: EventHandler<Payload>): void {
    const key = `${event.name} ${handler}`;
    if (this.#subscribers.has(key)) throw new Error(`${handler} already listens to ${event.name}`);
    this.#subscribers.set(key, { handler, event, run } as Subscriber);
  }

  async emit(ctx: TxCtx, event: EventDefinition<unknown>, payload: unknown): Promise<string> {
    const now = ctx.now();
    const id = newId(now);
    await ctx.db
      .insertInto("kit_event")
      .values({
        tenantId: ctx.tenantId,
        id,
        name: event.name,
        payload: JSON.stringify(event.payload.parse(payload)),
        actorKind: ctx.actor.kind,
        actorId: ctx.actor.id,
        traceId: ctx.traceId,
        occurredAt: now,
        dispatchedAt: null,
      })
      .execute();
    return id;
  }

  /** Tells the other processes which handlers this one runs. Called at start and every hour. */
  async registerSubscriptions(): Promise<void> {
    const now = this.#clock.now();
    const rows = [...this.#subscribers.values()].map(({ event, handler }) => ({
      eventName: event.name,
      handler,
      seenAt: now,
    }));
    if (rows.length === 0) return;
    await this.#db
      .insertInto("kit_subscription")
      .values(rows)
      .onConflict((on) => on.columns(["eventName", "handler"]).doUpdateSet({ seenAt: now }))
      .execute();
  }

  /** Gives the subscribers of a batch of events their deliveries. False when no event waits. */
  async dispatch(): Promise<boolean> {
    return this.#transaction(async (trx) => {
      const now = this.#clock.now();
      const claimed = await trx.query<{ tenant_id: string; id: string; name: string }>(
        `SELECT tenant_id, id, name FROM kit_event WHERE dispatched_at IS NULL ORDER BY id LIMIT ${dispatchBatch}
         FOR UPDATE SKIP LOCKED`,
      );
      if (claimed.length === 0) return false;
      const ids = claimed.map(({ id }) => id);
      await trx.query(
        `INSERT INTO kit_delivery (tenant_id, event_id, event_name, handler, state, attempts, due_at, updated_at)
         SELECT e.tenant_id, e.id, e.name, s.handler, 'pending', 0, $2, $2
         FROM kit_event e JOIN kit_subscription s ON s.event_name = e.name AND s.seen_at > $3
         WHERE e.id = ANY($1) ON CONFLICT DO NOTHING`,
        [ids, now, new Date(now.getTime() - subscriptionTtlMs)],
      );
      await trx.query("UPDATE kit_event SET dispatched_at = $2 WHERE id = ANY($1)", [ids, now]);
      return true;
    });
  }

  /** Runs one delivery that is due. False when there is none for the handlers of this process. */
  async handle(): Promise<boolean> {
    const known = [...this.#subscribers.values()];
    if (known.length === 0) return false;
    return this.#transaction(async (trx) => {
      const [delivery] = await trx.query<DeliveryKey & { attempts: number }>(
        `SELECT tenant_id, event_id, handler, attempts FROM kit_delivery
         WHERE state = 'pending' AND due_at <= $1
           AND (event_name, handler) IN (SELECT * FROM unnest($2::text[], $3::text[]))
         ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
        [this.#clock.now(), known.map(({ event }) => event.name), known.map(({ handler }) => handler)],
      );
      if (delivery === undefined) return false;
      const [event] = await trx.query<EventRow>("SELECT * FROM kit_event WHERE tenant_id = $1 AND id = $2", [
        delivery.tenant_id,
        delivery.event_id,
      ]);
      if (event === undefined) throw new Error("a delivery without its event");
      const attempts = delivery.attempts + 1;
      try {
        await trx.savepoint(() => this.#run(trx, delivery.handler, event));
        await this.#settle(trx, delivery, { state: "done", attempts, error: null });
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        this.#log.error(
          { err: error, handler: delivery.handler, event: event.name, eventId: event.id, attempts },
          "event handler failed",
        );
        const state = attempts >= attemptLimit ? "dead" : "pending";
        await this.#settle(trx, delivery, { state, attempts, error: message.slice(0, 1000) });
      }
      return true;
    });
  }

  /**
   * Parks what nobody listens for any more: deliveries of handlers that no process has announced for a week, and that
   * have waited that long. As dead letters they are seen.
   */
  async deadLetterOrphans(): Promise<void> {
    const now = this.#clock.now();
    const forgotten = new Date(now.getTime() - subscriptionTtlMs);
    const parked = await this.#db
      .updateTable("kit_delivery")
      .set({ state: "dead", lastError: "no process listens with this handler any more", updatedAt: now })
      .where("state", "=", "pending")
      .where("updatedAt", "<", forgotten)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("kit_subscription")
              .select("kit_subscription.handler")
              .whereRef("kit_subscription.handler", "=", "kit_delivery.handler")
              .whereRef("kit_subscription.eventName", "=", "kit_delivery.eventName")
              .where("kit_subscription.seenAt", ">", forgotten),
          ),
        ),
      )
      .returning("handler")
      .execute();
    if (parked.length > 0)
      this.#log.warn({ parked: parked.length }, "deliveries of handlers that are gone were parked");
  }

  async #run(trx: OwnerTransaction, handler: string, event: EventRow): Promise<void> {
    const subscriber = this.#subscribers.get(`${event.name} ${handler}`);
    if (subscriber === undefined) throw new Error(`${handler} no longer listens to ${event.name}`);
    const payload = subscriber.event.payload.parse(event.payload);
    const meta = { eventId: event.id, occurredAt: event.occurred_at, name: event.name };
    const actor = { kind: "system" as const, id: handler, name: handler, permissions: new Set<string>() };
    const as = { tenantId: event.tenant_id, actor, traceId: event.trace_id };
    await trx.runAsTenant(as, (ctx) => subscriber.run(ctx, payload, meta));
  }

  async #settle(
    trx: OwnerTransaction,
    key: DeliveryKey,
    { state, attempts, error }: { state: "pending" | "done" | "dead"; attempts: number; error: string | null },
  ): Promise<void> {
    const now = this.#clock.now();
    const pauseMs = Math.min(longestPauseMs, 1000 * 2 ** attempts);
    await trx.query(
      `UPDATE kit_delivery SET state = $4, attempts = $5, last_error = $6, due_at = $7, updated_at = $8
       WHERE tenant_id = $1 AND event_id = $2 AND handler = $3`,
      [key.tenant_id, key.event_id, key.handler, state, attempts, error, new Date(now.getTime() + pauseMs), now],
    );
  }
}

type DeliveryKey = { tenant_id: string; event_id: string; handler: string };
type EventRow = { tenant_id: string; id: string; name: string; payload: unknown; trace_id: string; occurred_at: Date };
