import { Injectable } from "@nestjs/common";
import { Fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { bulkOf } from "@zhanggui/kit/server/bulk";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { EventMeta } from "@zhanggui/kit/server/events";
import { listOf, type Rows } from "@zhanggui/kit/server/list";
import { firstIdAt } from "@zhanggui/kit/server/queue/event-log";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { type Selectable, sql } from "kysely";
import { eventsRead } from "../events/events.contract.ts";
import { webhookOf, type SentEvent } from "./internal/message.ts";
import { endpointOff, webhooks } from "./webhooks.contract.ts";
import { endpointTested } from "./webhooks.events.ts";
import { replayMissed } from "./webhooks.jobs.ts";
import { type EndpointRow, WebhooksService } from "./webhooks.service.ts";
import type { WebhooksTables } from "./webhooks.tables.ts";

export type DeliveryRow = Selectable<WebhooksTables["webhooks_delivery"]>;
type View = Out<typeof webhooks.listDeliveries>["items"][number];
type Goes = Pick<EndpointRow, "id" | "isOrdered">;
type Happened = Pick<EventMeta, "eventId" | "name" | "occurredAt">;

const mostCounted = 10_000;
/** Where deliveries go to be sent (webhooks.module.ts): in order, one at a time for each endpoint, or as they come. */
const queueOf = ({ id, isOrdered }: Goes) =>
  isOrdered ? { queue: "webhooks.deliver_in_order", lane: { key: id } } : { queue: "webhooks.deliver", lane: {} };

/** What is to be sent to endpoints, and what became of it. The sending itself stands in `sender.ts`. */
@Injectable()
export class Deliveries {
  /** Rows that one transaction makes or changes at most. Tests have fewer. */
  batch = 500;

  constructor(
    private readonly runtime: Runtime,
    private readonly endpoints: WebhooksService,
  ) {}

  list(ctx: Ctx, query: Flat<typeof webhooks.listDeliveries>): Promise<Out<typeof webhooks.listDeliveries>> {
    return listOf(ctx, webhooks.listDeliveries, query, deliveryRows(ctx), {
      ...narrows,
      present: (rows) => this.#shown(ctx, rows),
    });
  }

  /** @throws Fault `kit.not_found` */
  async get(ctx: Ctx, { deliveryId }: Flat<typeof webhooks.getDelivery>): Promise<Out<typeof webhooks.getDelivery>> {
    const row = await this.#row(ctx, deliveryId);
    const tries = await ctx.db
      .selectFrom("webhooks_attempt")
      .selectAll()
      .where("deliveryId", "=", deliveryId)
      .orderBy("id", "desc")
      .execute();
    const [shown] = await this.#shown(ctx, [row]);
    if (shown === undefined) throw notFound();
    const event = await this.event(ctx, row.eventId);
    // Whoever may see that something was sent needn't be allowed to see what.
    const isShown = event !== undefined && ctx.actor.permissions.has(eventsRead.code);
    const message = isShown ? webhookOf(event, this.runtime.env.PUBLIC_URL) : null;
    return { ...shown, tries: tries as Out<typeof webhooks.getDelivery>["tries"], message };
  }

  /**
   * Of events that the ctx's tenant listens to: a delivery for each endpoint that wants them. What happened before an
   * endpoint was switched off waits until it is on again, and in order all that follows waits behind it. The lock keeps
   * endpoints as they are meanwhile.
   */
  async fanOut(ctx: TxCtx, events: readonly Happened[]): Promise<void> {
    const names = [...new Set(events.map(({ name }) => name))];
    const endpoints = await ctx.db
      .selectFrom("webhooks_endpoint")
      .select(["id", "isOrdered", "events", "disabledAt"])
      .where("events", "&&", sql<string[]>`${names}::text[]`)
      .orderBy("id")
      .forShare()
      .execute();
    for (const endpoint of endpoints) {
      const { events: wanted, disabledAt } = endpoint;
      const told = events.filter(
        ({ name, occurredAt }) => wanted.includes(name) && (disabledAt === null || occurredAt <= disabledAt),
      );
      const mustWait = disabledAt !== null || (await this.mustFollow(ctx, endpoint));
      await this.#add(ctx, endpoint, told, mustWait ? "paused" : "waiting");
    }
  }

  /**
   * True while something that comes before, in order, waits to be sent on. The endpoint is locked by the caller.
   *
   * @param deliveryId before which one; without it, before one that is about to be made
   */
  async mustFollow(ctx: TxCtx, { id, isOrdered }: Goes, deliveryId?: string): Promise<boolean> {
    if (!isOrdered) return false;
    const paused = ctx.db
      .selectFrom("webhooks_delivery")
      .select("id")
      .where("endpointId", "=", id)
      .where("state", "=", "paused")
      .$if(deliveryId !== undefined, (rows) => rows.where("id", "<", deliveryId ?? ""));
    return (await paused.limit(1).executeTakeFirst()) !== undefined;
  }

  /** @throws Fault `kit.not_found`, `webhooks.endpoint_off` */
  async test(ctx: Ctx, { endpointId }: Flat<typeof webhooks.testEndpoint>): Promise<{ deliveryId: string }> {
    return ctx.tx(async (ctx) => {
      const endpoint = await this.#on(ctx, endpointId, "share");
      const eventId = await ctx.emit(endpointTested, { endpointId, by: ctx.actor.name });
      const { name } = endpointTested;
      const state = (await this.mustFollow(ctx, endpoint)) ? "paused" : "waiting";
      const [deliveryId = ""] = await this.#add(ctx, endpoint, [{ eventId, name, occurredAt: ctx.now() }], state);
      return { deliveryId };
    });
  }

  /** @throws Fault `kit.not_found`, `webhooks.endpoint_off` */
  async resend(ctx: Ctx, { deliveryId }: Flat<typeof webhooks.resend>): Promise<void> {
    await ctx.tx(async (ctx) => {
      const { endpointId } = await this.#row(ctx, deliveryId);
      await this.#queue(ctx, await this.#on(ctx, endpointId), [deliveryId]);
    });
  }

  resendSome(ctx: Ctx, input: Flat<typeof webhooks.resendSome>): Promise<Out<typeof webhooks.resendSome>> {
    return bulkOf(ctx, webhooks.resendSome, input, deliveryRows(ctx), {
      ...narrows,
      passes: {
        off: () =>
          sql<boolean>`NOT EXISTS (SELECT FROM webhooks_endpoint e WHERE e.id = item.endpoint_id AND e.enabled)`,
      },
      each: async (ctx, id) =>
        ctx.tx(async (ctx) => {
          const { endpointId } = await this.#row(ctx, id);
          const endpoint = await ctx.db
            .selectFrom("webhooks_endpoint")
            .select(["id", "isOrdered"])
            .where("id", "=", endpointId)
            .where("enabled", "=", true)
            .executeTakeFirst();
          if (endpoint === undefined) return "off";
          await this.#queue(ctx, endpoint, [id]);
          return undefined;
        }),
    });
  }

  /** @throws Fault `kit.not_found` */
  async countMissed(
    ctx: Ctx,
    { endpointId, since, until }: Flat<typeof webhooks.countMissed>,
  ): Promise<Out<typeof webhooks.countMissed>> {
    const missed = missedBy(ctx, await this.endpoints.row(ctx, endpointId), new Date(since), new Date(until));
    const rows = await missed.limit(mostCounted + 1).execute();
    return { events: Math.min(rows.length, mostCounted), isMore: rows.length > mostCounted };
  }

  /** @throws Fault `kit.forbidden`, `kit.not_found`, `webhooks.endpoint_off` */
  async askReplay(ctx: Ctx, { endpointId, since, until }: Flat<typeof webhooks.replayMissed>): Promise<void> {
    ctx.demand(eventsRead);
    await ctx.tx(async (ctx) => {
      await this.#on(ctx, endpointId);
      await ctx.enqueue(replayMissed, { endpointId, since, until });
    });
  }

  /** A step that is repeated adds nothing twice. What was told already is only passed by: asking of each costs more. */
  async replayMissed(ctx: Ctx, given: { endpointId: string; since: string; until: string }): Promise<void> {
    const until = firstIdAt(new Date(given.until));
    let after: string | undefined = firstIdAt(new Date(given.since));
    while (after !== undefined) {
      ctx.signal.throwIfAborted();
      const from: string = after;
      after = await ctx.tx(async (ctx) => {
        const endpoint = await this.#isThere(ctx, given.endpointId, "share");
        if (!endpoint?.enabled) return undefined;
        const some = await wantedBy(ctx, endpoint, from, until).limit(this.batch).execute();
        await this.#add(ctx, endpoint, some, (await this.mustFollow(ctx, endpoint)) ? "paused" : "waiting");
        const last = some.at(-1)?.eventId;
        return some.length < this.batch ? undefined : last;
      });
    }
  }

  /**
   * Sends on what waits since its endpoint was switched off, the oldest first. The lock waits for whoever pauses
   * something behind it, so that nothing is left when the last one is on its way.
   */
  async resumePaused(ctx: Ctx, { endpointId }: { endpointId: string }): Promise<void> {
    for (let resumed = this.batch; resumed === this.batch;) {
      ctx.signal.throwIfAborted();
      resumed = await ctx.tx(async (ctx) => {
        const endpoint = await this.#isThere(ctx, endpointId, "update");
        if (!endpoint?.enabled) return 0;
        const rows = await ctx.db
          .selectFrom("webhooks_delivery")
          .select("id")
          .where("endpointId", "=", endpointId)
          .where("state", "=", "paused")
          .orderBy("id")
          .limit(this.batch)
          .execute();
        await this.#queue(
          ctx,
          endpoint,
          rows.map(({ id }) => id),
        );
        return rows.length;
      });
    }
  }

  async forget(ctx: Ctx, { endpointId }: { endpointId: string }): Promise<void> {
    for (let gone = this.batch; gone === this.batch;) {
      ctx.signal.throwIfAborted();
      gone = await ctx.tx(async (ctx) => {
        const some = ctx.db.selectFrom("webhooks_delivery").select("id").where("endpointId", "=", endpointId);
        const ids = (await some.orderBy("id").limit(this.batch).execute()).map(({ id }) => id);
        if (ids.length > 0) await ctx.db.deleteFrom("webhooks_delivery").where("id", "in", ids).execute();
        return ids.length;
      });
    }
  }

  /** As the log has it; undefined if it is kept no longer. */
  async event(ctx: Ctx, id: string): Promise<SentEvent | undefined> {
    return ctx.db
      .selectFrom("kit_event")
      .select(["id", "name", "payload", "occurredAt"])
      .where("id", "=", id)
      .executeTakeFirst();
  }

  /** In the order of the events; what it was told of already isn't told again. @returns the ids of what is new */
  async #add(ctx: TxCtx, endpoint: Goes, events: readonly Happened[], state: "waiting" | "paused"): Promise<string[]> {
    if (events.length === 0) return [];
    const rows = events.map(({ eventId, name, occurredAt }) => ({
      id: newId(ctx.now()),
      endpointId: endpoint.id,
      eventId,
      eventName: name,
      occurredAt,
      state,
    }));
    const added = await ctx.db
      .insertInto("webhooks_delivery")
      .values(rows)
      .onConflict((on) => on.doNothing())
      .returning("id")
      .execute();
    const isNew = new Set(added.map(({ id }) => id));
    const ids = rows.map(({ id }) => id).filter((id) => isNew.has(id));
    const { queue, lane } = queueOf(endpoint);
    if (state === "waiting") await ctx.queueTasks(queue, ids, lane);
    return ids;
  }

  /** To be sent from the first try on, also what waits for another one. */
  async #queue(ctx: TxCtx, endpoint: Goes, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await ctx.db
      .updateTable("webhooks_delivery")
      .set({ state: "waiting", tries: 0, nextAt: null })
      .where("id", "in", ids)
      .execute();
    const { queue, lane } = queueOf(endpoint);
    await ctx.queueTasks(queue, ids, { ...lane, atOnce: true });
  }

  /** @throws Fault `kit.not_found`, `webhooks.endpoint_off` */
  async #on(ctx: Ctx, endpointId: string, lock?: "share"): Promise<EndpointRow> {
    const endpoint = await this.endpoints.row(ctx, endpointId, lock);
    if (!endpoint.enabled) throw endpointOff();
    return endpoint;
  }

  /** Undefined for an endpoint that was deleted since. */
  async #isThere(ctx: Ctx, endpointId: string, lock: "share" | "update"): Promise<EndpointRow | undefined> {
    try {
      return await this.endpoints.row(ctx, endpointId, lock);
    } catch (error) {
      if (error instanceof Fault && error.code === notFound.code) return undefined;
      throw error;
    }
  }

  async #row(ctx: Ctx, id: string): Promise<DeliveryRow> {
    return deliveryRows(ctx)
      .where("id", "=", id)
      .executeTakeFirstOrThrow(() => notFound());
  }

  async #shown(ctx: Ctx, rows: readonly DeliveryRow[]): Promise<View[]> {
    const names = await this.endpoints.names(
      ctx,
      rows.map(({ endpointId }) => endpointId),
    );
    return rows.map((row) => ({
      ...row,
      outcome: row.outcome as View["outcome"],
      endpoint: { id: row.endpointId, name: names.get(row.endpointId) ?? "" },
    }));
  }
}

const narrows = {
  filters: { endpointId: (rows: Rows<DeliveryRow>, id: string) => rows("item.endpointId", "=", id) },
};

function deliveryRows(ctx: Ctx) {
  return ctx.db.selectFrom("webhooks_delivery").selectAll();
}

/** Events from one id up to another that an endpoint wants, the oldest first. */
function wantedBy(ctx: Ctx, { events }: EndpointRow, from: string, until: string) {
  return ctx.db
    .selectFrom("kit_event as event")
    .select(["event.id as eventId", "event.name", "event.occurredAt"])
    .where("event.id", ">=", from)
    .where("event.id", "<", until)
    .where("event.name", "in", events)
    .orderBy("event.id");
}

/** Those of a span of time that it wasn't told of. */
function missedBy(ctx: Ctx, endpoint: EndpointRow, since: Date, until: Date) {
  return wantedBy(ctx, endpoint, firstIdAt(since), firstIdAt(until)).where(({ not, exists, selectFrom }) =>
    not(
      exists(
        selectFrom("webhooks_delivery as told")
          .select("told.id")
          .where("told.endpointId", "=", endpoint.id)
          .whereRef("told.eventId", "=", "event.id"),
      ),
    ),
  );
}
