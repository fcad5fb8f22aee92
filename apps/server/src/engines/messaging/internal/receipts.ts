import { Injectable } from "@nestjs/common";
import type { PayloadOf } from "@zhanggui/kit/contract/event";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { TxCtx } from "@zhanggui/kit/server/ctx";
import type { templateFinished } from "../../connect/connect.events.ts";
import { Deliveries } from "../deliveries.ts";
import type { DeliveryState } from "../messaging.contract.ts";
import { explain } from "./reasons.ts";

/**
 * Brings WeChat's receipt and the delivery together. The receipt may come before the answer to the sending is stored;
 * so both sides leave what they know and then look for the other, one pair at a time.
 */
@Injectable()
export class Receipts {
  constructor(private readonly deliveries: Deliveries) {}

  async receive(ctx: TxCtx, receipt: PayloadOf<typeof templateFinished>): Promise<void> {
    const { wechatAppId, msgId: providerId, status } = receipt;
    await ctx.db
      .insertInto("messaging_receipt")
      .values({
        wechatAppId,
        providerId,
        status,
        receivedAt: ctx.now(),
      })
      .onConflict((on) => on.doNothing())
      .execute();
    await this.match(ctx, wechatAppId, providerId);
  }

  /** Moves the delivery on if both are there. Whoever comes second finds the other's row. */
  async match(ctx: TxCtx, wechatAppId: string, providerId: string): Promise<void> {
    // Without the lock each side could look before the other has committed, and both would find nothing.
    await ctx.lock("messaging.receipt", `${wechatAppId} ${providerId}`);
    const receipt = await ctx.db
      .selectFrom("messaging_receipt")
      .select("status")
      .where("wechatAppId", "=", wechatAppId)
      .where("providerId", "=", providerId)
      .executeTakeFirst();
    if (receipt === undefined) return;
    const { state, because } = conclusionOf(receipt.status);
    const moved = await ctx.db
      .updateTable("messaging_delivery")
      .set({ state, zh: because.zh, en: because.en, updatedAt: ctx.now() })
      .where("wechatAppId", "=", wechatAppId)
      .where("providerId", "=", providerId)
      .where("state", "=", "accepted")
      .returning("id")
      .executeTakeFirst();
    if (moved !== undefined) await this.deliveries.step(ctx, moved.id, "receipt", because, { status: receipt.status });
  }
}

/** WeChat's own words (TEMPLATESENDJOBFINISH): `success`, `failed:user block`, `failed: system failed`. */
function conclusionOf(status: string): { state: DeliveryState; because: LocalizedText } {
  if (status === "success") return { state: "delivered", because: explain("delivered") };
  if (/user block/.test(status)) return { state: "failed", because: explain("blocked", { status }) };
  return { state: "failed", because: explain("notDelivered", { status }) };
}
