import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/ids";
import { IdCursor, type PageOf, readCursor, toPage } from "@zhanggui/kit/contract/page";
import type { In, Out } from "@zhanggui/kit/contract/route";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { NewRow } from "@zhanggui/kit/server/tables";
import type { Selectable } from "kysely";
import { AudienceService } from "../audience/audience.service.ts";
import type { messaging } from "./messaging.contract.ts";
import type { MessagingTables } from "./messaging.tables.ts";

export type DeliveryRow = Selectable<MessagingTables["messaging_delivery"]>;
type Summary = Out<typeof messaging.listDeliveries>["items"][number];
type Detail = Out<typeof messaging.getDelivery>;

/** Deliveries and the steps that explain them. */
@Injectable()
export class Deliveries {
  readonly #audience: AudienceService;

  constructor(audience: AudienceService) {
    this.#audience = audience;
  }

  /** False if this event made this delivery before. */
  async create(ctx: TxCtx, row: NewRow<"messaging_delivery">): Promise<boolean> {
    const inserted = await ctx.db
      .insertInto("messaging_delivery")
      .values(row)
      .onConflict((on) => on.doNothing())
      .returning("id")
      .executeTakeFirst();
    return inserted !== undefined;
  }

  /**
   * Two people are one: the deliveries of the one that is gone are the other's now. Moved rather than looked up by
   * every id that a person ever had, so that the index serves the list and no row names somebody who is gone.
   * `survivorId` is locked, for it may be merged itself, and the event that tells so may have been handled before this
   * one.
   */
  async move(ctx: TxCtx, { mergedId, survivorId }: { mergedId: string; survivorId: string }): Promise<void> {
    const lockedId = await this.#audience.lockPerson(ctx, survivorId);
    await ctx.db
      .updateTable("messaging_delivery")
      .set({ person_id: lockedId })
      .where("person_id", "=", mergedId)
      .execute();
  }

  async step(
    ctx: TxCtx,
    deliveryId: string,
    kind: "asked" | "decided" | "submitting" | "answered" | "receipt" | "lost",
    { zh, en }: LocalizedText,
    details: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const at = ctx.now();
    await ctx.db
      .insertInto("messaging_step")
      .values({
        tenant_id: ctx.tenantId,
        id: newId(at),
        delivery_id: deliveryId,
        kind,
        zh,
        en,
        details: JSON.stringify(details),
        at,
      })
      .execute();
  }

  async list(ctx: Ctx, filter: In<typeof messaging.listDeliveries>["query"]): Promise<PageOf<Summary>> {
    const { cursor, limit, personId, sceneId, state, traceId } = filter;
    let query = ctx.db
      .selectFrom("messaging_delivery")
      .selectAll()
      .orderBy("id", "desc")
      .limit(limit + 1);
    const before = readCursor(cursor, IdCursor);
    if (before !== undefined) query = query.where("id", "<", before[0]);
    if (personId !== undefined) {
      query = query.where("person_id", "=", await this.#audience.survivorOf(ctx, personId));
    }
    if (sceneId !== undefined) query = query.where("scene_id", "=", sceneId);
    if (state !== undefined) query = query.where("state", "=", state);
    if (traceId !== undefined) query = query.where("trace_id", "=", traceId);
    return toPage(await query.execute(), limit, ({ id }) => [id], toSummary);
  }

  /** @throws Fault `kit.not_found` */
  async get(ctx: Ctx, deliveryId: string): Promise<Detail> {
    const row = await ctx.db
      .selectFrom("messaging_delivery")
      .selectAll()
      .where("id", "=", deliveryId)
      .executeTakeFirst();
    if (row === undefined) throw notFound();
    const steps = await ctx.db
      .selectFrom("messaging_step")
      .selectAll()
      .where("delivery_id", "=", deliveryId)
      .orderBy("id")
      .execute();
    return {
      ...toSummary(row),
      content: row.content as Record<string, unknown>,
      steps: steps.map(({ at, kind, zh, en, details }) => ({
        at,
        kind,
        zh,
        en,
        details: details as Record<string, unknown>,
      })),
    };
  }
}

function toSummary(row: DeliveryRow): Summary {
  return {
    id: row.id,
    sceneName: row.scene_name,
    channel: row.channel,
    to: row.address,
    personId: row.person_id,
    personName: row.person_name,
    state: row.state,
    zh: row.reason_zh,
    en: row.reason_en,
    traceId: row.trace_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
