import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { PageOf } from "@zhanggui/kit/contract/page";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { type Keyset, readPage } from "@zhanggui/kit/server/paging";
import { replayDeadLetters } from "@zhanggui/kit/server/queue/dead-letters";
import type { Tables } from "@zhanggui/kit/server/tables";
import type { Selectable } from "kysely";
import { z } from "zod";
import type { events } from "./events.contract.ts";

type EventView = Out<typeof events.get>;
type DeadLetterView = Out<typeof events.deadLetters>["items"][number];
type DeliveryView = EventView["deliveries"][number];
type Deliveries = ReadonlyMap<string, DeliveryView[]>;
type EventRow = Selectable<Tables["kit_event"]>;

/** By when it died, and then by what it is about and whose queue it was in. */
const lastDiedFirst: Keyset = {
  keys: ["kit_dead.diedAt", "kit_dead.ref", "kit_dead.queue"],
  shape: z.tuple([z.iso.datetime(), z.uuid(), z.string()]),
};

/** The kit's event log and dead letters as people see them. The kit writes them; here they are read, and sent again. */
@Injectable()
export class EventsService {
  async list(ctx: Ctx, { name, traceId, ...page }: Flat<typeof events.list>): Promise<PageOf<EventView>> {
    let query = ctx.db.selectFrom("kit_event").selectAll();
    if (name !== undefined) query = query.where("name", "=", name);
    if (traceId !== undefined) query = query.where("traceId", "=", traceId);
    const { items, next } = await readPage(query, page);
    const deliveries = await this.#deliveries(ctx, items);
    return { items: items.map((row) => toEvent(row, deliveries)), next };
  }

  async get(ctx: Ctx, { eventId }: Flat<typeof events.get>): Promise<EventView> {
    const row = await ctx.db.selectFrom("kit_event").selectAll().where("id", "=", eventId).executeTakeFirst();
    if (row === undefined) throw notFound();
    return toEvent(row, await this.#deliveries(ctx, [row]));
  }

  async deadLetters(ctx: Ctx, page: Flat<typeof events.deadLetters>): Promise<PageOf<DeadLetterView>> {
    const query = ctx.db
      .selectFrom("kit_dead")
      .leftJoin("kit_event", "kit_event.id", "kit_dead.ref")
      .leftJoin("kit_job", "kit_job.id", "kit_dead.ref")
      .selectAll("kit_dead")
      .select(["kit_event.name as eventName", "kit_event.occurredAt"])
      .select(["kit_job.name as jobName", "kit_job.createdAt"]);
    const { items, next } = await readPage(query, page, lastDiedFirst);
    return {
      items: items.map((row) => ({
        kind: row.eventName !== null ? "event" : row.jobName !== null ? "job" : "task",
        ref: row.ref,
        name: row.eventName ?? row.jobName ?? row.queue,
        occurredAt: row.occurredAt ?? row.createdAt ?? row.diedAt,
        traceId: row.traceId,
        handler: row.queue,
        state: "dead",
        attempts: row.attempts,
        lastError: row.lastError,
        updatedAt: row.diedAt,
      })),
      next,
    };
  }

  /** Makes dead letters due at once, with all their tries before them. */
  async replay(ctx: Ctx, { ref, handler }: Flat<typeof events.replay>): Promise<{ replayed: number }> {
    const replayed = await ctx.tx((ctx) => replayDeadLetters(ctx, { ref, queue: handler }));
    ctx.log.info({ ref, handler, replayed, by: ctx.actor.id }, "dead letters replayed");
    return { replayed };
  }

  /** What became of each event for each handler that it went to; a later state covers an earlier one. */
  async #deliveries(ctx: Ctx, rows: readonly EventRow[]): Promise<Deliveries> {
    const ids = rows.map(({ id }) => id).toSorted();
    // Of these months' partitions only.
    const [first, last] = [ids[0], ids.at(-1)];
    const deliveries = await ctx.sql<DeliveryView & { eventId: string }>`
      WITH event AS (
        SELECT id, name, handlers, occurred_at FROM kit_event
        WHERE id = ANY (${ids}) AND id BETWEEN ${first} AND ${last}
      ), told AS (
        SELECT id, unnest(handlers) AS handler FROM event
        UNION SELECT event_id, handler FROM kit_handled
        WHERE event_id = ANY (${ids}) AND event_id BETWEEN ${first} AND ${last}
        UNION SELECT event.id, s.handler FROM event JOIN kit_subscription s ON s.event_name = event.name
      ), renamed AS (
        SELECT told.id, coalesce(s.replaced_by, told.handler) AS handler, array_agg(told.handler) AS names
        FROM told JOIN event USING (id)
        LEFT JOIN kit_subscription s ON s.event_name = event.name AND s.handler = told.handler
        GROUP BY 1, 2
      )
      SELECT id AS event_id, r.handler,
        CASE WHEN dead.ref IS NOT NULL THEN 'dead' WHEN task.ref IS NOT NULL THEN 'pending' ELSE 'done' END AS state,
        coalesce(dead.attempts, task.attempts, handled.attempts, 1) AS attempts,
        coalesce(dead.last_error, task.last_error) AS last_error,
        coalesce(dead.died_at, CASE WHEN task.ref IS NULL THEN handled.handled_at END, occurred_at) AS updated_at
      FROM renamed r JOIN event USING (id)
      LEFT JOIN LATERAL (
        SELECT * FROM kit_dead WHERE queue = ANY (names || r.handler) AND ref = id LIMIT 1) dead ON true
      LEFT JOIN LATERAL (
        SELECT * FROM kit_task WHERE queue = ANY (names || r.handler) AND ref = id LIMIT 1) task ON true
      LEFT JOIN LATERAL (SELECT * FROM kit_handled WHERE handler = ANY (names || r.handler) AND event_id = id
        AND event_id BETWEEN ${first} AND ${last} ORDER BY handled_at DESC LIMIT 1) handled ON true
      WHERE handlers && names OR coalesce(dead.ref, task.ref, handled.event_id) IS NOT NULL
      ORDER BY id, handler`;
    return Map.groupBy(deliveries, ({ eventId }) => eventId);
  }
}

function toEvent(row: EventRow, deliveries: Deliveries): EventView {
  return {
    ...row,
    actor: { kind: row.actorKind, id: row.actorId },
    deliveries: deliveries.get(row.id) ?? [],
  };
}
