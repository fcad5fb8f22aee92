import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import type { NewRow } from "@zhanggui/kit/server/tables";
import type { Selectable } from "kysely";
import { AudienceService } from "../audience/audience.service.ts";
import { mayContact, withoutAddresses } from "../audience/contact-details.ts";
import { messaging } from "./messaging.contract.ts";
import type { MessagingTables } from "./messaging.tables.ts";

export type DeliveryRow = Selectable<MessagingTables["messaging_delivery"]>;
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

  list(ctx: Ctx, query: Flat<typeof messaging.listDeliveries>): Promise<Out<typeof messaging.listDeliveries>> {
    return listOf(ctx, messaging.listDeliveries, query, ctx.db.selectFrom("messaging_delivery").selectAll(), {
      filters: {
        personId: async (rows, id) => rows("item.personId", "=", await this.audience.survivorOf(ctx, id)),
      },
      present: async (rows) => {
        const names = await this.audience.names(
          ctx,
          rows.map(({ personId }) => personId),
        );
        return rows.map((row) => shownTo(ctx, row, presented(row, names)));
      },
    });
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
    const names = await this.audience.names(ctx, [row.personId]);
    return shownTo(ctx, row, { ...presented(row, names), steps });
  }
}

/** By the name that the person has now: what was kept when it was sent may be out of date. */
function presented({ zh, en, leaderName, ...row }: DeliveryRow, names: ReadonlyMap<string, string>) {
  const personName = names.get(row.personId) ?? row.personName;
  const own = row.channel === "mail" ? row.to : personName;
  const recipient =
    leaderName === null ? { zh: own, en: own } : { zh: `负责人 ${leaderName}`, en: `Leader ${leaderName}` };
  return { ...row, personName, recipient, reason: { zh, en } };
}

/** Where a mail went to a customer is theirs to see who may see contact details; a leader's address is no secret. */
function shownTo<View>(ctx: Ctx, { channel, leaderName }: DeliveryRow, view: View): View {
  return channel === "mail" && leaderName === null && !mayContact(ctx) ? withoutAddresses(view) : view;
}
