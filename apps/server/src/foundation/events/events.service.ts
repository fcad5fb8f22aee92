import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import { IdCursor, type PageOf, readCursor, toPage } from "@zhanggui/kit/contract/page";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { z } from "zod";
import type { events } from "./events.contract.ts";

type EventView = Out<typeof events.get>;
type DeadLetterView = Out<typeof events.deadLetters>["items"][number];

/** The kit's event log as people see it. The kit writes it; here it is read, and dead letters are sent again. */
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
    const deliveries = await this.#deliveries(
      ctx,
      rows.map(({ id }) => id),
    );
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
    return toEvent(row, await this.#deliveries(ctx, [eventId]));
  }

  async deadLetters(ctx: Ctx, { cursor, limit }: Flat<typeof events.deadLetters>): Promise<PageOf<DeadLetterView>> {
    const before = readCursor(cursor, z.tuple([z.uuid(), z.string()]));
    let query = ctx.db
      .selectFrom("kit_delivery")
      .innerJoin("kit_event", "kit_event.id", "kit_delivery.eventId")
      .selectAll("kit_delivery")
      .select(["kit_event.name", "kit_event.occurredAt", "kit_event.traceId"])
      .where("kit_delivery.state", "=", "dead")
      .orderBy("kit_delivery.eventId", "desc")
      .orderBy("kit_delivery.handler", "desc")
      .limit(limit + 1);
    if (before !== undefined) {
      query = query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple("kit_delivery.eventId", "kit_delivery.handler"), "<", tuple(before[0], before[1])),
      );
    }
    return toPage(
      await query.execute(),
      limit,
      (row) => [row.eventId, row.handler],
      (row) => ({
        eventId: row.eventId,
        eventName: row.name,
        occurredAt: row.occurredAt,
        traceId: row.traceId,
        ...toDelivery(row),
      }),
    );
  }

  /** Makes dead letters due at once, with all their tries before them. Returns how many there were. */
  async replay(ctx: Ctx, { eventId, handler }: Flat<typeof events.replay>): Promise<{ replayed: number }> {
    const replayed = await ctx.tx(async (ctx) => {
      const now = ctx.now();
      let query = ctx.db
        .updateTable("kit_delivery")
        .set({ state: "pending", attempts: 0, dueAt: now, updatedAt: now })
        .where("state", "=", "dead");
      if (eventId !== undefined) query = query.where("eventId", "=", eventId);
      if (handler !== undefined) query = query.where("handler", "=", handler);
      return query.returning("eventId").execute();
    });
    ctx.log.info({ eventId, handler, replayed: replayed.length, by: ctx.actor.id }, "dead letters replayed");
    return { replayed: replayed.length };
  }

  async #deliveries(ctx: Ctx, eventIds: readonly string[]): Promise<DeliveryRow[]> {
    if (eventIds.length === 0) return [];
    return ctx.db.selectFrom("kit_delivery").selectAll().where("eventId", "in", eventIds).orderBy("handler").execute();
  }
}

interface DeliveryRow {
  eventId: string;
  handler: string;
  state: "pending" | "done" | "dead";
  attempts: number;
  lastError: string | null;
  updatedAt: Date;
}
interface EventRow {
  id: string;
  name: string;
  occurredAt: Date;
  traceId: string;
  actorKind: string;
  actorId: string;
  payload: unknown;
}

function toEvent(row: EventRow, deliveries: readonly DeliveryRow[]): EventView {
  return {
    id: row.id,
    name: row.name,
    occurredAt: row.occurredAt,
    traceId: row.traceId,
    actor: { kind: row.actorKind, id: row.actorId },
    payload: row.payload,
    deliveries: deliveries.filter(({ eventId }) => eventId === row.id).map(toDelivery),
  };
}

function toDelivery({ handler, state, attempts, lastError, updatedAt }: DeliveryRow) {
  return { handler, state, attempts, lastError: lastError, updatedAt: updatedAt };
}
