import { sql, type Kysely, type Transaction } from "kysely";
import type { EventDefinition } from "../contract/event.ts";
import { newId } from "../contract/ids.ts";
import { claim } from "./claim.ts";
import type { Clock } from "./clock.ts";
import type { TxCtx } from "./ctx.ts";
import type { Logger } from "./log.ts";
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

/** Goes on as one tenant in a transaction that the caller began. */
export type RunAsTenant = (
  trx: Transaction<Tables>,
  as: { tenantId: string; traceId: string; actorId: string },
  work: (ctx: TxCtx) => Promise<void>,
) => Promise<void>;

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
  readonly #runAsTenant: RunAsTenant;

  constructor(db: Kysely<Tables>, clock: Clock, log: Logger, runAsTenant: RunAsTenant) {
    this.#db = db;
    this.#clock = clock;
    this.#log = log;
    this.#runAsTenant = runAsTenant;
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
        tenant_id: ctx.tenantId,
        id,
        name: event.name,
        payload: JSON.stringify(event.payload.parse(payload)),
        actor_kind: ctx.actor.kind,
        actor_id: ctx.actor.id,
        trace_id: ctx.traceId,
        occurred_at: now,
        dispatched_at: null,
      })
      .execute();
    return id;
  }

  /** Tells the other processes which handlers this one runs. Called at start and every hour. */
  async registerSubscriptions(): Promise<void> {
    const now = this.#clock.now();
    const rows = [...this.#subscribers.values()].map(({ event, handler }) => ({
      event_name: event.name,
      handler,
      seen_at: now,
    }));
    if (rows.length === 0) return;
    await this.#db
      .insertInto("kit_subscription")
      .values(rows)
      .onConflict((on) => on.columns(["event_name", "handler"]).doUpdateSet({ seen_at: now }))
      .execute();
  }

  /** Gives the subscribers of a batch of events their deliveries. False when no event waits. */
  async dispatch(): Promise<boolean> {
    return this.#db.transaction().execute(async (trx) => {
      const now = this.#clock.now();
      const events = await claim(trx, () =>
        trx
          .selectFrom("kit_event")
          .select(["tenant_id", "id", "name"])
          .where("dispatched_at", "is", null)
          .orderBy("id")
          .limit(dispatchBatch)
          .forUpdate()
          .skipLocked()
          .execute(),
      );
      if (events.length === 0) return false;
      const subscriptions = await trx
        .selectFrom("kit_subscription")
        .select(["event_name", "handler"])
        .where("seen_at", ">", new Date(now.getTime() - subscriptionTtlMs))
        .execute();
      const deliveries = events.flatMap(({ tenant_id, id, name }) =>
        subscriptions
          .filter(({ event_name }) => event_name === name)
          .map(({ handler }) => ({
            tenant_id,
            event_id: id,
            event_name: name,
            handler,
            state: "pending" as const,
            attempts: 0,
            due_at: now,
            updated_at: now,
          })),
      );
      if (deliveries.length > 0) {
        await trx
          .insertInto("kit_delivery")
          .values(deliveries)
          .onConflict((on) => on.doNothing())
          .execute();
      }
      const ids = events.map(({ id }) => id);
      await trx.updateTable("kit_event").set({ dispatched_at: now }).where("id", "in", ids).execute();
      return true;
    });
  }

  /** Runs one delivery that is due. False when there is none for the handlers of this process. */
  async handle(): Promise<boolean> {
    const known = [...this.#subscribers.values()];
    if (known.length === 0) return false;
    return this.#db.transaction().execute(async (trx) => {
      const delivery = await claim(trx, () =>
        trx
          .selectFrom("kit_delivery")
          .selectAll()
          .where("state", "=", "pending")
          .where("due_at", "<=", this.#clock.now())
          // By event and handler: a newer process may have a handler of the same name for an event unknown here.
          .where(({ eb, refTuple, tuple }) =>
            eb(
              refTuple("event_name", "handler"),
              "in",
              known.map(({ event, handler }) => tuple(event.name, handler)),
            ),
          )
          .orderBy("due_at")
          .limit(1)
          .forUpdate()
          .skipLocked()
          .executeTakeFirst(),
      );
      if (delivery === undefined) return false;
      const event = await trx
        .selectFrom("kit_event")
        .selectAll()
        .where("tenant_id", "=", delivery.tenant_id)
        .where("id", "=", delivery.event_id)
        .executeTakeFirstOrThrow();
      const attempts = delivery.attempts + 1;
      // The savepoint undoes what a failing handler wrote, while the claim on its row is kept.
      await sql`SAVEPOINT handler`.execute(trx);
      try {
        await this.#run(trx, delivery.handler, event);
        await this.#settle(trx, delivery, { state: "done", attempts, last_error: null });
      } catch (error) {
        await sql`ROLLBACK TO SAVEPOINT handler`.execute(trx);
        const message = error instanceof Error ? error.message : String(error);
        this.#log.error(
          {
            err: error,
            handler: delivery.handler,
            event: event.name,
            eventId: event.id,
            attempts,
            traceId: event.trace_id,
          },
          "event handler failed",
        );
        const dead = attempts >= attemptLimit;
        await this.#settle(trx, delivery, {
          state: dead ? "dead" : "pending",
          attempts,
          last_error: message.slice(0, 1000),
        });
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
      .set({ state: "dead", last_error: "no process listens with this handler any more", updated_at: now })
      .where("state", "=", "pending")
      .where("updated_at", "<", forgotten)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("kit_subscription")
              .select("kit_subscription.handler")
              .whereRef("kit_subscription.handler", "=", "kit_delivery.handler")
              .whereRef("kit_subscription.event_name", "=", "kit_delivery.event_name")
              .where("kit_subscription.seen_at", ">", forgotten),
          ),
        ),
      )
      .returning("handler")
      .execute();
    if (parked.length > 0)
      this.#log.warn({ parked: parked.length }, "deliveries of handlers that are gone were parked");
  }

  async #run(trx: Transaction<Tables>, handler: string, event: EventRow): Promise<void> {
    const subscriber = this.#subscribers.get(`${event.name} ${handler}`);
    if (subscriber === undefined) throw new Error(`${handler} no longer listens to ${event.name}`);
    const as = { tenantId: event.tenant_id, traceId: event.trace_id, actorId: handler };
    const payload = subscriber.event.payload.parse(event.payload);
    const meta = { eventId: event.id, occurredAt: event.occurred_at, name: event.name };
    await this.#runAsTenant(trx, as, (ctx) => subscriber.run(ctx, payload, meta));
  }

  async #settle(
    trx: Transaction<Tables>,
    key: { tenant_id: string; event_id: string; handler: string },
    result: { state: "pending" | "done" | "dead"; attempts: number; last_error: string | null },
  ): Promise<void> {
    const now = this.#clock.now();
    const pauseMs = Math.min(longestPauseMs, 1000 * 2 ** result.attempts);
    await trx
      .updateTable("kit_delivery")
      .set({ ...result, due_at: new Date(now.getTime() + pauseMs), updated_at: now })
      .where("tenant_id", "=", key.tenant_id)
      .where("event_id", "=", key.event_id)
      .where("handler", "=", key.handler)
      .execute();
  }
}

type EventRow = { tenant_id: string; id: string; name: string; payload: unknown; trace_id: string; occurred_at: Date };
