import { Injectable } from "@nestjs/common";
import type { PageOf, PageQuery } from "@zhanggui/kit/contract/page";
import type { Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { latestFirst, readPage } from "@zhanggui/kit/server/paging";
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
      .values({ personId, kind, details, traceId: ctx.traceId, at })
      .execute();
  }

  list(ctx: Ctx, personId: string, page: PageQuery): Promise<PageOf<Entry>> {
    const story = ctx.db.selectFrom("audience_timeline").selectAll().where("personId", "=", personId);
    return readPage(story, page, latestFirst("at"));
  }
}
