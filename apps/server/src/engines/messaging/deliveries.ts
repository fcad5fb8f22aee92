import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { PageOf } from "@zhanggui/kit/contract/page";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { readPage } from "@zhanggui/kit/server/paging";
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
  constructor(private readonly audience: AudienceService) {}

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
    const lockedId = await this.audience.lockPerson(ctx, survivorId);
    await ctx.db
      .updateTable("messaging_delivery")
      .set({ personId: lockedId })
      .where("personId", "=", mergedId)
      .execute();
  }

  async step(
    ctx: TxCtx,
    deliveryId: string,
    kind: "asked" | "decided" | "submitting" | "answered" | "receipt" | "lost",
    { zh, en }: LocalizedText,
    details: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    await ctx.db.insertInto("messaging_step").values({ deliveryId, kind, zh, en, details, at: ctx.now() }).execute();
  }

  async list(ctx: Ctx, filter: Flat<typeof messaging.listDeliveries>): Promise<PageOf<Summary>> {
    const { personId, sceneId, state, traceId } = filter;
    let query = ctx.db.selectFrom("messaging_delivery").selectAll();
    if (personId !== undefined) {
      query = query.where("personId", "=", await this.audience.survivorOf(ctx, personId));
    }
    if (sceneId !== undefined) query = query.where("sceneId", "=", sceneId);
    if (state !== undefined) query = query.where("state", "=", state);
    if (traceId !== undefined) query = query.where("traceId", "=", traceId);
    return readPage(query, filter);
  }

  /** @throws Fault `kit.not_found` */
  async get(ctx: Ctx, { deliveryId }: Flat<typeof messaging.getDelivery>): Promise<Detail> {
    const row = await ctx.db
      .selectFrom("messaging_delivery")
      .selectAll()
      .where("id", "=", deliveryId)
      .executeTakeFirstOrThrow(() => notFound());
    const steps = await ctx.db
      .selectFrom("messaging_step")
      .selectAll()
      .where("deliveryId", "=", deliveryId)
      .orderBy("id")
      .execute();
    return { ...row, steps };
  }
}
