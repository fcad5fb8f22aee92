import { Injectable } from "@nestjs/common";
import type { PayloadOf } from "@zhanggui/kit/contract/event";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { sql } from "kysely";
import type { peopleMerged } from "../audience/audience.events.ts";
import { AudienceService } from "../audience/audience.service.ts";
import { Contacts } from "../audience/contacts.ts";
import { customers } from "./customers.contract.ts";
import { CustomerFeed } from "./feed.ts";
import { endSessions } from "./internal/end-sessions.ts";

type Right = Out<typeof customers.getRight>;

/** Customers' sign-ins as operators see them: who is in, who is to be out, who may not come in. */
@Injectable()
export class SignIns {
  constructor(
    private readonly people: AudienceService,
    private readonly contacts: Contacts,
    private readonly feed: CustomerFeed,
  ) {}

  list(ctx: Ctx, query: Flat<typeof customers.list>): Promise<Out<typeof customers.list>> {
    const at = ctx.now();
    const rows = ctx.db
      .selectFrom("customers_session")
      .select(["id", "personId", "network", "browser", "endedBecause", "createdAt", "endedAt", "expiresAt"])
      .select("addressMasked as address")
      .select(
        sql<"phone" | "mail" | "wechat">`CASE WHEN wechat_app_id IS NULL THEN channel ELSE 'wechat' END`.as("channel"),
      )
      .select(
        sql<"open" | "over">`CASE WHEN ended_at IS NULL AND expires_at > ${at} THEN 'open' ELSE 'over' END`.as("state"),
      )
      .select(sql<Date>`coalesce(renewed_at, created_at)`.as("lastSeenAt"));
    return listOf(ctx, customers.list, query, rows, {
      filters: {
        state: ({ eb, or, and }, states) =>
          or(
            states.map((state) =>
              state === "open"
                ? and([eb("item.endedAt", "is", null), eb("item.expiresAt", ">", at)])
                : or([eb("item.endedAt", "is not", null), eb("item.expiresAt", "<=", at)]),
            ),
          ),
      },
      present: async (found) => {
        const names = await this.people.names(
          ctx,
          found.map(({ personId }) => personId),
        );
        return found.map(({ personId, endedBecause, ...row }) => ({
          ...row,
          person: { id: personId, name: names.get(personId) ?? "" },
          endedBecause: endedBecause as Out<typeof customers.list>["items"][number]["endedBecause"],
        }));
      },
    });
  }

  /** @throws Fault `kit.not_found` for one that isn't there; one that is over stays so */
  async end(ctx: Ctx, { sessionId }: Flat<typeof customers.end>): Promise<void> {
    await ctx.tx(async (ctx) => {
      const session = await ctx.db
        .selectFrom("customers_session")
        .select("personId")
        .where("id", "=", sessionId)
        .executeTakeFirstOrThrow(() => notFound());
      const ended = await endSessions(ctx, "ended", { sessionId });
      if (ended.length > 0) await this.feed.tell(ctx, session.personId, "session_ended");
    });
  }

  /** @throws Fault `kit.not_found` */
  endAll(ctx: Ctx, { personId }: Flat<typeof customers.endAll>): Promise<{ ended: number }> {
    return ctx.tx(async (ctx) => {
      const whose = await this.people.lockPerson(ctx, personId);
      const ended = await endSessions(ctx, "ended", { personId: whose });
      if (ended.length > 0) await this.feed.tell(ctx, whose, "session_ended");
      return { ended: ended.length };
    });
  }

  /** @throws Fault `kit.not_found` */
  async right(ctx: Ctx, { personId }: Flat<typeof customers.getRight>): Promise<Right> {
    const whose = await this.people.survivorOf(ctx, personId);
    if (!(await this.contacts.stands(ctx, whose))) throw notFound();
    return rightOf(ctx, whose);
  }

  /** Whoever signs in at the same moment waits for it, and is refused. @throws Fault `kit.not_found` */
  block(ctx: Ctx, { personId, reason }: Flat<typeof customers.block>): Promise<Right> {
    return ctx.tx(async (ctx) => {
      const whose = await this.people.lockPerson(ctx, personId);
      await ctx.db
        .insertInto("customers_block")
        .values({ personId: whose, reason })
        .onConflict((on) => on.columns(["tenantId", "personId"]).doUpdateSet({ reason }))
        .execute();
      const ended = await endSessions(ctx, "blocked", { personId: whose });
      if (ended.length > 0) await this.feed.tell(ctx, whose, "session_ended");
      return rightOf(ctx, whose);
    });
  }

  /** @throws Fault `kit.not_found` */
  unblock(ctx: Ctx, { personId }: Flat<typeof customers.unblock>): Promise<Right> {
    return ctx.tx(async (ctx) => {
      const whose = await this.people.lockPerson(ctx, personId);
      await ctx.db.deleteFrom("customers_block").where("personId", "=", whose).execute();
      return rightOf(ctx, whose);
    });
  }

  /**
   * Two records are one person now. Whoever was signed in as the one that is gone signs in again; who may not sign in
   * as either of them, may not as both.
   */
  async merge(ctx: TxCtx, merged: PayloadOf<typeof peopleMerged>): Promise<void> {
    const whose = await this.people.lockPerson(ctx, merged.survivorId);
    await endSessions(ctx, "merged", { personId: merged.mergedId });
    await ctx.sql`UPDATE customers_session SET person_id = ${whose} WHERE person_id = ${merged.mergedId}`;
    await ctx.sql`INSERT INTO customers_block (person_id, reason)
      SELECT ${whose}::uuid, reason FROM customers_block WHERE person_id = ${merged.mergedId}
      ON CONFLICT (tenant_id, person_id) DO NOTHING`;
    const blocks = await ctx.sql`DELETE FROM customers_block WHERE person_id = ${merged.mergedId} RETURNING id`;
    if (blocks.length > 0) await endSessions(ctx, "blocked", { personId: whose });
    await this.feed.move(ctx, merged);
  }
}

async function rightOf(ctx: Ctx, personId: string): Promise<Right> {
  const row = await ctx.db
    .selectFrom("customers_block")
    .select(["reason", "createdAt"])
    .where("personId", "=", personId)
    .executeTakeFirst();
  return { blocked: row === undefined ? null : { reason: row.reason, since: row.createdAt } };
}
