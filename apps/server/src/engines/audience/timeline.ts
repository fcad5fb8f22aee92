import { Injectable } from "@nestjs/common";
import { newId } from "@zhanggui/kit/contract/ids";
import { type PageOf, readCursor, TimeCursor, toPage } from "@zhanggui/kit/contract/page";
import type { In, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { audience } from "./audience.contract.ts";
import { lockPerson, type LockedPerson } from "./internal/people.ts";

type Entry = Out<typeof audience.timeline>["items"][number];

/** What a person did and what was done for them. Other engines note here what belongs to a person's story. */
@Injectable()
export class Timeline {
  /**
   * For other engines: what they tell of a person who was merged meanwhile becomes part of the survivor's story.
   *
   * @throws Fault `kit.not_found`
   */
  async note(ctx: TxCtx, personId: string, kind: string, details: Readonly<Record<string, unknown>>): Promise<void> {
    await this.write(ctx, await lockPerson(ctx, personId), kind, details);
  }

  async write(
    ctx: TxCtx,
    personId: LockedPerson,
    kind: string,
    details: Readonly<Record<string, unknown>>,
    at: Date = ctx.now(),
  ): Promise<void> {
    await ctx.db
      .insertInto("audience_timeline")
      .values({
        tenant_id: ctx.tenantId,
        id: newId(ctx.now()),
        person_id: personId,
        kind,
        details: JSON.stringify(details),
        trace_id: ctx.traceId,
        at,
      })
      .execute();
  }

  async list(
    ctx: Ctx,
    personId: string,
    { cursor, limit }: In<typeof audience.timeline>["query"],
  ): Promise<PageOf<Entry>> {
    let query = ctx.db
      .selectFrom("audience_timeline")
      .selectAll()
      .where("person_id", "=", personId)
      .orderBy("at", "desc")
      .orderBy("id", "desc")
      .limit(limit + 1);
    const before = readCursor(cursor, TimeCursor);
    if (before !== undefined) {
      query = query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple("at", "id"), "<", tuple(new Date(before[0]), before[1])),
      );
    }
    return toPage(
      await query.execute(),
      limit,
      (row) => [row.at, row.id],
      (row) => ({
        id: row.id,
        kind: row.kind,
        details: row.details as Record<string, unknown>,
        traceId: row.trace_id,
        at: row.at,
      }),
    );
  }
}
