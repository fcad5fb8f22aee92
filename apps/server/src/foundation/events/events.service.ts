import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { bulkOf } from "@zhanggui/kit/server/bulk";
import { listOf, type Rows } from "@zhanggui/kit/server/list";
import { replayDeadLetters } from "@zhanggui/kit/server/queue/dead-letters";
import type { Tables } from "@zhanggui/kit/server/tables";
import { type Selectable, sql } from "kysely";
import { Tenants } from "../access/tenants.ts";
import { NotificationsService } from "../notifications/notifications.service.ts";
import { events, eventsRead } from "./events.contract.ts";
import { givenUp } from "./events.notifications.ts";

type EventView = Out<typeof events.get>;
type DeliveryView = EventView["deliveries"][number];
type Deliveries = ReadonlyMap<string, DeliveryView[]>;
type EventRow = Selectable<Tables["kit_event"]>;

/** Whoever has more dead letters than these needs no number. */
const mostCounted = 500;

function letterRows(ctx: Ctx) {
  const kind = sql<"event" | "job" | "task">`
    CASE WHEN kit_event.id IS NOT NULL THEN 'event' WHEN kit_job.id IS NOT NULL THEN 'job' ELSE 'task' END`;
  return ctx.db
    .selectFrom("kit_dead")
    .leftJoin("kit_event", "kit_event.id", "kit_dead.ref")
    .leftJoin("kit_job", "kit_job.id", "kit_dead.ref")
    .select(["kit_dead.letterId as id", "kit_dead.ref", "kit_dead.traceId", "kit_dead.attempts", "kit_dead.lastError"])
    .select(["kit_dead.queue as handler", "kit_dead.diedAt as updatedAt"])
    .select(kind.as("kind"))
    .select(sql<string>`coalesce(kit_event.name, kit_job.name, kit_dead.queue)`.as("name"))
    .select(sql<Date>`coalesce(kit_event.occurred_at, kit_job.created_at, kit_dead.died_at)`.as("occurredAt"));
}
type LetterRow = Awaited<ReturnType<ReturnType<typeof letterRows>["execute"]>>[number];
const letterFilters = {
  filters: { handler: (rows: Rows<LetterRow>, handlers: readonly string[]) => rows("item.handler", "in", handlers) },
};

/** The kit's event log and dead letters as people see them. The kit writes them; here they are read, and sent again. */
@Injectable()
export class EventsService {
  constructor(
    private readonly tenants: Tenants,
    private readonly notifications: NotificationsService,
  ) {}

  list(ctx: Ctx, query: Flat<typeof events.list>): Promise<Out<typeof events.list>> {
    return listOf(ctx, events.list, query, ctx.db.selectFrom("kit_event").selectAll(), {
      present: async (rows) => {
        const deliveries = await this.#deliveries(ctx, rows);
        return rows.map((row) => toEvent(row, deliveries));
      },
    });
  }

  async get(ctx: Ctx, { eventId }: Flat<typeof events.get>): Promise<EventView> {
    const row = await ctx.db.selectFrom("kit_event").selectAll().where("id", "=", eventId).executeTakeFirst();
    if (row === undefined) throw notFound();
    return toEvent(row, await this.#deliveries(ctx, [row]));
  }

  deadLetters(ctx: Ctx, query: Flat<typeof events.deadLetters>): Promise<Out<typeof events.deadLetters>> {
    return listOf(ctx, events.deadLetters, query, letterRows(ctx), letterFilters);
  }

  async figures(ctx: Ctx): Promise<Out<typeof events.getFigures>> {
    const rows = await ctx.db
      .selectFrom("kit_dead")
      .select("ref")
      .limit(mostCounted + 1)
      .execute();
    return {
      deadLetters: Math.min(rows.length, mostCounted),
      isMore: rows.length > mostCounted,
      handlers: await handlersOfDead(ctx),
    };
  }

  /** Tells whoever may see them that some have died since they were told: all in one notification. */
  tellOfDead(): Promise<void> {
    return this.tenants.each(async (ctx) => {
      const newest = await ctx.db.selectFrom("kit_dead").select("diedAt").orderBy("diedAt", "desc").executeTakeFirst();
      if (newest === undefined) return;
      const { deadLetters: count, isMore } = await this.figures(ctx);
      await ctx.tx((ctx) =>
        this.notifications.notify(
          ctx,
          givenUp,
          { count, isMore },
          {
            to: { holdersOf: eventsRead },
            key: "dead",
            renewedBy: newest.diedAt,
          },
        ),
      );
    });
  }

  /** Makes dead letters due at once, with all their tries before them. */
  async replay(ctx: Ctx, { ref, handler }: Flat<typeof events.replay>): Promise<{ replayed: number }> {
    const replayed = await replayDeadLetters(ctx, { ref, queue: handler });
    ctx.log.info({ ref, handler, replayed, by: ctx.actor.id }, "dead letters replayed");
    return { replayed };
  }

  replaySome(ctx: Ctx, input: Flat<typeof events.replaySome>): Promise<Out<typeof events.replaySome>> {
    return bulkOf(ctx, events.replaySome, input, letterRows(ctx), {
      ...letterFilters,
      passes: { gone: () => sql<boolean>`false` },
      each: async (ctx, id) => {
        const letter = await ctx.db
          .selectFrom("kit_dead")
          .select(["ref", "queue"])
          .where("letterId", "=", id)
          .executeTakeFirst();
        const replayed = letter === undefined ? 0 : await replayDeadLetters(ctx, letter);
        return replayed === 0 ? "gone" : undefined;
      },
    });
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

/** Steps from one handler to the next in the index: there are dozens, however many letters they have. */
async function handlersOfDead(ctx: Ctx): Promise<Out<typeof events.getFigures>["handlers"]> {
  const rows = await ctx.sql<{ handler: string; count: number }>`
    WITH RECURSIVE handlers AS (
      (SELECT queue FROM kit_dead ORDER BY queue LIMIT 1)
      UNION ALL
      SELECT (SELECT kit_dead.queue FROM kit_dead WHERE kit_dead.queue > handlers.queue ORDER BY queue LIMIT 1)
      FROM handlers WHERE handlers.queue IS NOT NULL)
    SELECT queue AS handler, (SELECT count(*) FROM (
      SELECT 1 FROM kit_dead WHERE kit_dead.queue = handlers.queue LIMIT ${mostCounted + 1}) AS counted) AS count
    FROM handlers WHERE queue IS NOT NULL`;
  return rows.map(({ handler, count }) => ({
    handler,
    count: Math.min(count, mostCounted),
    isMore: count > mostCounted,
  }));
}
