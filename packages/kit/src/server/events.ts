import type { EventDefinition } from "../contract/event.ts";
import { newId } from "../contract/ids.ts";
import { type Actor, kitTransaction, type TxCtx } from "./ctx.ts";
import { timeOf } from "./queue/claims.ts";
import type { ForwardQueue, InsideQueue, Task } from "./queue/definition.ts";
import type { Step } from "./pipeline.ts";
import type { Query } from "./query.ts";
import { type Subscription, subscriptionTtlMs } from "./queue/registration.ts";

/** What a handler is told besides the payload. */
export interface EventMeta {
  readonly eventId: string;
  readonly occurredAt: Date;
  readonly name: string;
}

/**
 * Runs in the transaction that takes the event off the handler's queue, so its effect in the database happens exactly
 * once. What reaches outside belongs into a job or a queue of its own.
 */
export type EventHandler<Payload> = (ctx: TxCtx, payload: Payload, meta: EventMeta) => Promise<void>;

/** An event as those that are handled together come. */
export interface Received<Payload> extends EventMeta {
  readonly payload: Payload;
  /** Its own; the ctx has the first one's. */
  readonly traceId: string;
}

/**
 * How a handler takes many events of one tenant with few statements: those that follow each other and that `takes`
 * likes. If it fails, each of them is handled alone, by the handler itself: both must do the same.
 */
export interface HandledTogether<Payload> {
  takes(payload: Payload): boolean;
  run(ctx: TxCtx, received: readonly Received<Payload>[]): Promise<void>;
}

export interface SubscribeOptions<Payload = unknown> {
  readonly together?: HandledTogether<Payload>;
  /** How many tasks one transaction takes at most. */
  readonly batch?: number;
  /** Former names of the handler: what was meant for them comes to this one. */
  readonly aliases?: readonly string[];
  /**
   * False: an event's key means nothing to this handler, and its events needn't wait for each other. `all`: whatever
   * they are about, a tenant's events come one after the other, as they were written.
   */
  readonly ordered?: boolean | "all";
  /** How many transactions of this handler one process runs at once. */
  readonly concurrency?: number;
  /** How long others wait for a process that died; 60 s unless set. */
  readonly leaseMs?: number;
}

/** Whatever event is published, for who can make something of any: other modules' events, by their names. */
export type PublishedHandler = EventHandler<unknown>;

/** Hands published events on to somebody outside, many at once: see `ForwardQueue.forward`. */
export type Forwarding = (
  events: readonly PublishedEvent[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<PublishedEvent, Error>>;

/** As it lies in the log. */
export interface PublishedEvent {
  readonly tenantId: string;
  readonly id: string;
  readonly name: string;
  readonly key: string | null;
  readonly payload: unknown;
  readonly occurredAt: Date;
  readonly traceId: string;
}

export interface PublishedOptions extends SubscribeOptions {
  /** Only events of tenants that listen by this handler: `Runtime.listen`. */
  readonly byTenant?: boolean;
}

interface Subscriber {
  readonly event: EventDefinition<unknown>;
  readonly run: EventHandler<unknown>;
  readonly together: HandledTogether<unknown> | undefined;
}
interface Handler {
  readonly name: string;
  readonly options: PublishedOptions;
  readonly subscribers: Map<string, Subscriber>;
  /** What it does with any event that is published. */
  readonly any?: Omit<Subscriber, "event">;
}
interface EventRow {
  readonly tenant_id: string;
  readonly id: string;
  readonly name: string;
  readonly key: string | null;
  readonly payload: unknown;
  readonly occurred_at: Date;
  readonly trace_id: string;
}

/** An event as `kit_emit` takes it: a function of the database (006_queue.sql) that writes many, with their tasks. */
export interface LoggedEvent {
  readonly tenant_id: string;
  readonly id: string;
  readonly name: string;
  readonly key: string | undefined;
  readonly payload: unknown;
  readonly actor_kind: Actor["kind"];
  readonly actor_id: string;
  readonly trace_id: string;
  readonly occurred_at: Date;
}

/** What `kit_emit` is to write of an event. @throws ZodError for a payload that isn't the event's */
export function loggedEvent(
  { name, payload: schema, key }: EventDefinition<unknown>,
  given: unknown,
  {
    tenantId,
    actor,
    traceId,
    now,
  }: { tenantId: string; actor: Pick<Actor, "kind" | "id">; traceId: string; now: Date },
): LoggedEvent {
  const payload = schema.parse(given);
  return {
    tenant_id: tenantId,
    id: newId(now),
    name,
    key: key?.(payload),
    payload,
    actor_kind: actor.kind,
    actor_id: actor.id,
    trace_id: traceId,
    occurred_at: now,
  };
}

/** Who has registered since then gets an event: `seen_since` of `kit_emit`. */
export function subscribedSince(now: Date): Date {
  return new Date(now.getTime() - subscriptionTtlMs);
}

/**
 * What `kit_emit` does for one event, in the transaction of its tenant: as a plain statement it costs half of that. Its
 * plan is large, so that it must be kept.
 */
const emitOne = `
WITH subscribed AS MATERIALIZED (
  SELECT handler, CASE WHEN one_lane THEN 'all' WHEN keyed THEN coalesce($4, $2::text) END AS lane
  FROM kit_subscription s
  WHERE event_name = $3 AND seen_at > $10 AND replaced_by IS NULL AND (NOT by_tenant OR EXISTS (
    SELECT FROM kit_listening l WHERE l.tenant_id = $1 AND l.event_name = $3 AND l.handler = s.handler))
), logged AS (
  INSERT INTO kit_event (tenant_id, id, name, key, payload, actor_kind, actor_id, trace_id, occurred_at, handlers)
  VALUES ($1, $2::uuid, $3, $4, $5, $6, $7, $8, $9, ARRAY(SELECT handler FROM subscribed ORDER BY handler))
)
INSERT INTO kit_task (tenant_id, queue, ref, key, trace_id)
SELECT $1, handler, $2::uuid, lane, $8 FROM subscribed
RETURNING queue AS handler`;

/**
 * What `kit_emit` does, as parts of a statement that has events in a part of its own, so that they needn't be packed for
 * a function: `told` has the columns of `LoggedEvent` and `n`, by which they are ordered; `since` is `subscribedSince`.
 * Afterwards the part `tasks` has the `queue` of each task.
 */
export function emitting(told: string, since: string): string {
  return `
  subscribed AS MATERIALIZED (
    SELECT event_name, handler, keyed, by_tenant, one_lane FROM kit_subscription
    WHERE event_name IN (SELECT name FROM ${told}) AND seen_at > ${since} AND replaced_by IS NULL),
  heard AS MATERIALIZED (
    SELECT t.n, s.handler, CASE WHEN s.one_lane THEN 'all' WHEN s.keyed THEN coalesce(t.key, t.id::text) END AS lane
    FROM ${told} t JOIN subscribed s ON s.event_name = t.name
    WHERE NOT s.by_tenant OR EXISTS (SELECT FROM kit_listening l
      WHERE l.tenant_id = t.tenant_id AND l.event_name = t.name AND l.handler = s.handler)),
  logged AS (
    INSERT INTO kit_event (tenant_id, id, name, key, payload, actor_kind, actor_id, trace_id, occurred_at, handlers)
    SELECT tenant_id, id, name, key, payload, actor_kind, actor_id, trace_id, occurred_at,
      ARRAY(SELECT handler FROM heard WHERE heard.n = t.n ORDER BY handler)
    FROM ${told} t ORDER BY n),
  tasks AS (
    INSERT INTO kit_task (tenant_id, queue, ref, key, trace_id)
    SELECT t.tenant_id, h.handler, t.id, h.lane, t.trace_id FROM ${told} t JOIN heard h ON h.n = t.n ORDER BY t.n
    RETURNING queue)`;
}

function emission(events: readonly LoggedEvent[], now: Date, prepares: boolean): Step {
  const [event] = events;
  const since = subscribedSince(now).toISOString();
  if (event === undefined || events.length > 1 || !prepares) {
    return { name: "zg_emit_all", text: "SELECT kit_emit($1, $2) AS handler", values: [JSON.stringify(events), since] };
  }
  const { tenant_id, id, name, key, payload, actor_kind, actor_id, trace_id, occurred_at } = event;
  const said = [key ?? null, JSON.stringify(payload), actor_kind, actor_id, trace_id, occurred_at.toISOString()];
  return { name: "zg_emit", text: emitOne, values: [tenant_id, id, name, ...said, since] };
}

/** Each event by its place in the log's index; without LIMIT the planner may prefer to read a month. */
const loadStatement = `
SELECT e.tenant_id, e.id, e.name, e.key, e.payload, e.occurred_at, e.trace_id
FROM unnest($1::uuid[], $2::uuid[]) AS t(tenant_id, id), LATERAL (
  SELECT * FROM kit_event e
  WHERE e.tenant_id = t.tenant_id AND e.id = t.id AND e.id BETWEEN $3::uuid AND $4::uuid LIMIT 1) e`;

/** Remembers when a handler was done. */
const noteDone = `INSERT INTO kit_handled (tenant_id, event_id, handler, attempts, handled_at)
  SELECT tenant_id, ref, queue, attempts, ${timeOf("$4")} FROM gone`;

/** Events and who listens to them. Each handler is a queue; an emit puts its tasks there. */
export class Events {
  readonly #handlers = new Map<string, Handler>();
  /** Every event that this process subscribes to or has emitted. */
  readonly #definitions = new Map<string, EventDefinition<unknown>>();
  readonly #published = new Map<string, EventDefinition<unknown>>();

  /** Says that others outside may hear of these. */
  publish(events: readonly EventDefinition<unknown>[]): void {
    for (const event of events) {
      this.#published.set(event.name, event);
      this.#definitions.set(event.name, event);
    }
  }

  get published(): readonly EventDefinition<unknown>[] {
    return [...this.#published.values()];
  }

  /** Subscribes to all that is published, also by modules that are wired later. Returns the queue. */
  subscribeToPublished(
    name: string,
    run: PublishedHandler,
    { together, ...options }: PublishedOptions = {},
  ): InsideQueue {
    return this.#queueOf(this.#add({ name, options, subscribers: new Map(), any: { run, together } }));
  }

  /** The same, to hand them on. */
  forwardPublished(name: string, forward: Forwarding, options: SubscribeOptions = {}): ForwardQueue<PublishedEvent> {
    const handler = this.#add({ name, options, subscribers: new Map(), any: { run: neverRun, together: undefined } });
    const isKeyed = (): boolean => this.#isKeyed(handler);
    const { ordered: _, together: __, ...queueOptions } = options;
    return {
      name,
      effect: "forward",
      ...queueOptions,
      get keyed() {
        return isKeyed();
      },
      load: async (query, tasks) => {
        const rows = await load(query, tasks);
        return new Map([...rows].map(([id, row]) => [id, publishedEvent(row)]));
      },
      forward,
      noteDone,
    };
  }

  /** Returns the queue of a handler that is new. */
  subscribe<Payload>(
    event: EventDefinition<Payload>,
    name: string,
    run: EventHandler<Payload>,
    options: SubscribeOptions<Payload> = {},
  ): InsideQueue | undefined {
    const known = this.#handlers.get(name);
    const { together, ...rest } = options;
    const handler = known ?? { name, options: rest, subscribers: new Map<string, Subscriber>() };
    if (handler.subscribers.has(event.name)) throw new Error(`${name} already listens to ${event.name}`);
    handler.subscribers.set(event.name, { event, run, together } as Subscriber);
    this.#handlers.set(name, handler);
    this.#definitions.set(event.name, event);
    return known === undefined ? this.#queueOf(handler) : undefined;
  }

  /** @returns the ids, in the order of the payloads */
  async emit(ctx: TxCtx, event: EventDefinition<unknown>, payloads: readonly unknown[]): Promise<string[]> {
    const { prepares, step, queued } = kitTransaction(ctx);
    if (payloads.length === 0) return [];
    this.#definitions.set(event.name, event);
    const { tenantId, actor, traceId } = ctx;
    const now = ctx.now();
    const events = payloads.map((payload) => loggedEvent(event, payload, { tenantId, actor, traceId, now }));
    const subscribed = await step<{ handler: string }>(emission(events, now, prepares));
    for (const { handler } of subscribed) queued.add(handler);
    return events.map(({ id }) => id);
  }

  /** What each handler of this process listens to. */
  get subscriptions(): Subscription[] {
    return [...this.#handlers.values()].flatMap((handler) =>
      this.#eventsOf(handler).map(({ name }) => ({
        eventName: name,
        handler: handler.name,
        keyed: this.#isKeyed(handler),
        byTenant: handler.options.byTenant ?? false,
        oneLane: handler.options.ordered === "all",
        aliases: handler.options.aliases ?? [],
      })),
    );
  }

  get keepDays(): ReadonlyMap<string, number> {
    return new Map([...this.#definitions.values()].map(({ name, keepDays }) => [name, keepDays]));
  }

  /** A handler's queue has lanes if one of its events has a key; an event without one is then a lane of its own. */
  #isKeyed(handler: Handler): boolean {
    const { ordered = true } = handler.options;
    if (ordered === "all") return true;
    return ordered && this.#eventsOf(handler).some(({ key }) => key !== undefined);
  }

  #eventsOf({ subscribers, any }: Handler): readonly EventDefinition<unknown>[] {
    return any === undefined ? [...subscribers.values()].map(({ event }) => event) : this.published;
  }

  #add(handler: Handler): Handler {
    if (this.#handlers.has(handler.name)) throw new Error(`there is a handler ${handler.name} already`);
    this.#handlers.set(handler.name, handler);
    return handler;
  }

  #subscriberOf({ name, subscribers, any }: Handler, eventName: string): Subscriber {
    const event = this.#published.get(eventName);
    const subscriber = any !== undefined && event !== undefined ? { ...any, event } : subscribers.get(eventName);
    if (subscriber === undefined) throw new Error(`${name} of this version doesn't listen to ${eventName}`);
    return subscriber;
  }

  #queueOf(handler: Handler): InsideQueue<EventRow> & { keyed: boolean } {
    const isKeyed = (): boolean => this.#isKeyed(handler);
    const { ordered: _, byTenant: __, ...queueOptions } = handler.options;
    const subscriberOf = ({ name }: EventRow): Subscriber => this.#subscriberOf(handler, name);
    const received = (row: EventRow, traceId: string): Received<unknown> => {
      const payload = subscriberOf(row).event.payload.parse(row.payload);
      return { payload, traceId, eventId: row.id, occurredAt: row.occurred_at, name: row.name };
    };
    return {
      name: handler.name,
      effect: "inside",
      ...queueOptions,
      // Read at the start, when the handler has said all that it listens to.
      get keyed() {
        return isKeyed();
      },
      load,
      run: async (ctx, { traceId }, row) => {
        const { payload, ...meta } = received(row, traceId);
        await subscriberOf(row).run(ctx, payload, meta);
      },
      together: {
        kindOf: (row) => {
          const together = (handler.any ?? handler.subscribers.get(row.name))?.together;
          // As it lies in the log: whoever handles it parses it.
          return together?.takes(row.payload) === true ? row.name : undefined;
        },
        run: async (ctx, tasks) => {
          const all = tasks.map(({ item, traceId }) => received(item, traceId));
          const [first] = tasks;
          if (first !== undefined) await subscriberOf(first.item).together?.run(ctx, all);
        },
      },
      noteDone,
    };
  }
}

/** What is handed on never runs here. */
const neverRun: PublishedHandler = () => Promise.reject(new Error("this handler hands its events on"));

function publishedEvent({ tenant_id, occurred_at, trace_id, ...row }: EventRow): PublishedEvent {
  return { ...row, tenantId: tenant_id, occurredAt: occurred_at, traceId: trace_id };
}

async function load(query: Query, tasks: readonly Task[]): Promise<ReadonlyMap<string, EventRow>> {
  const ids = tasks.map(({ ref }) => ref);
  const sorted = ids.toSorted();
  const rows = await query<EventRow>(loadStatement, [
    tasks.map(({ tenantId }) => tenantId),
    ids,
    sorted[0],
    sorted.at(-1),
  ]);
  return new Map(rows.map((row) => [row.id, row]));
}
