import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import { IdCursor, type PageOf, readCursor, toPage } from "@zhanggui/kit/contract/page";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { replayDeadLetters } from "@zhanggui/kit/server/queue/dead-letters";
import type { Tables } from "@zhanggui/kit/server/tables";
import type { Selectable } from "kysely";
import { z } from "zod";
import type { events } from "./events.contract.ts";

type EventView = Out<typeof events.get>;
type DeadLetterView = Out<typeof events.deadLetters>["items"][number];
type DeliveryView = EventView["deliveries"][number];
type EventRow = Selectable<Tables["kit_event"]>;

/** Where a list of dead letters ends: when it died, what it is about, whose queue it was in. */
const DeadLetterCursor = z.tuple([z.iso.datetime(), z.uuid(), z.string()]);

/** The kit's event log and dead letters as people see them. The kit writes them; here they are read, and sent again. */
@Injectable()
export class EventsService {
  async list(ctx: Ctx, { cursor, limit, name, traceId }: Flat<typeof events.list>): Promise<PageOf<EventView>> {
    let query = ctx.db
      .selectFrom("kit_event")
      .selectAll()
      .orderBy("id", "desc")
      .limit(limit + 1);
    const before = readCursor(cursor, IdCursor);
    if (before !== undefined) query = query.where("id", "<", before[0]);
    if (name !== undefined) query = query.where("name", "=", name);
    if (traceId !== undefined) query = query.where("traceId", "=", traceId);
    const rows = await query.execute();
    const deliveries = await this.#deliveries(ctx, rows);
    return toPage(
      rows,
      limit,
      ({ id }) => [id],
      (row) => toEvent(row, deliveries),
    );
  }

  async get(ctx: Ctx, { eventId }: Flat<typeof events.get>): Promise<EventView> {
    const row = await ctx.db.selectFrom("kit_event").selectAll().where("id", "=", eventId).executeTakeFirst();
    if (row === undefined) throw notFound();
    return toEvent(row, await this.#deliveries(ctx, [row]));
  }

  async deadLetters(ctx: Ctx, { cursor, limit }: Flat<typeof events.deadLetters>): Promise<PageOf<DeadLetterView>> {
    const before = readCursor(cursor, DeadLetterCursor);
    let query = ctx.db
      .selectFrom("kit_dead")
      .leftJoin("kit_event", "kit_event.id", "kit_dead.ref")
      .leftJoin("kit_job", "kit_job.id", "kit_dead.ref")
      .selectAll("kit_dead")
      .select(["kit_event.name as eventName", "kit_event.occurredAt"])
      .select(["kit_job.name as jobName", "kit_job.createdAt"])
      .orderBy("kit_dead.diedAt", "desc")
      .orderBy("kit_dead.ref", "desc")
      .orderBy("kit_dead.queue", "desc")
      .limit(limit + 1);
    if (before !== undefined) {
      const [diedAt, ref, queue] = before;
      query = query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple("kit_dead.diedAt", "kit_dead.ref", "kit_dead.queue"), "<", tuple(new Date(diedAt), ref, queue)),
      );
    }
    return toPage(
      await query.execute(),
      limit,
      (row) => [row.diedAt, row.ref, row.queue],
      (row) => ({
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
      }),
    );
  }

  /** Makes dead letters due at once, with all their tries before them. */
  async replay(ctx: Ctx, { ref, handler }: Flat<typeof events.replay>): Promise<{ replayed: number }> {
    const replayed = await ctx.tx((ctx) => replayDeadLetters(ctx, { ref, queue: handler }));
    ctx.log.info({ ref, handler, replayed, by: ctx.actor.id }, "dead letters replayed");
    return { replayed };
  }

  /** What became of each event for each handler that it went to, by `event handler`. */
  async #deliveries(ctx: Ctx, rows: readonly EventRow[]): Promise<ReadonlyMap<string, DeliveryView>> {
    const ids = rows.map(({ id }) => id);
    const handlers = [...new Set(rows.flatMap((row) => row.handlers))];
    if (handlers.length === 0) return new Map();
    const renamed = await ctx.db
      .selectFrom("kit_subscription")
      .select(["handler", "replacedBy"])
      .where("handler", "in", handlers)
      .where("replacedBy", "is not", null)
      .execute();
    const nameNow = new Map(renamed.map(({ handler, replacedBy }) => [handler, replacedBy ?? handler]));
    const queues = [...handlers, ...nameNow.values()];
    const [handled, pending, dead] = await Promise.all([
      ctx.db.selectFrom("kit_handled").selectAll().where("eventId", "in", ids).execute(),
      ctx.db.selectFrom("kit_task").selectAll().where("queue", "in", queues).where("ref", "in", ids).execute(),
      ctx.db.selectFrom("kit_dead").selectAll().where("queue", "in", queues).where("ref", "in", ids).execute(),
    ]);
    const occurredAt = new Map(rows.map((row) => [row.id, row.occurredAt]));
    // A later state covers an earlier one: an event may be handled, and be replayed.
    const states: [eventId: string, view: DeliveryView][] = [
      ...rows.flatMap((row) =>
        row.handlers.map((handler): [string, DeliveryView] => [row.id, notYetNoted(row, handler)]),
      ),
      ...handled.map((row): [string, DeliveryView] => [
        row.eventId,
        { handler: row.handler, state: "done", attempts: row.attempts, lastError: null, updatedAt: row.handledAt },
      ]),
      ...pending.map((row): [string, DeliveryView] => [
        row.ref,
        {
          handler: row.queue,
          state: "pending",
          attempts: row.attempts,
          lastError: row.lastError,
          updatedAt: occurredAt.get(row.ref) ?? ctx.now(),
        },
      ]),
      ...dead.map((row): [string, DeliveryView] => [
        row.ref,
        {
          handler: row.queue,
          state: "dead",
          attempts: row.attempts,
          lastError: row.lastError,
          updatedAt: row.diedAt,
        },
      ]),
    ];
    return new Map(
      states.map(([eventId, view]) => {
        const handler = nameNow.get(view.handler) ?? view.handler;
        return [`${eventId} ${handler}`, { ...view, handler }];
      }),
    );
  }
}

/** It was taken off the queue, and nothing else is known of it. */
function notYetNoted({ occurredAt: updatedAt }: EventRow, handler: string): DeliveryView {
  return { handler, state: "done", attempts: 1, lastError: null, updatedAt };
}

function toEvent(row: EventRow, deliveries: ReadonlyMap<string, DeliveryView>): EventView {
  const own = [...deliveries].filter(([key]) => key.startsWith(`${row.id} `)).map(([, view]) => view);
  return {
    id: row.id,
    name: row.name,
    occurredAt: row.occurredAt,
    traceId: row.traceId,
    actor: { kind: row.actorKind, id: row.actorId },
    payload: row.payload,
    deliveries: own.toSorted((a, b) => (a.handler < b.handler ? -1 : 1)),
  };
}
