import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Timeline } from "../timeline.ts";
import type { LockedPerson } from "./people.ts";

export interface TagOrigin {
  readonly source: "manual" | "channel";
  readonly sourceId: string;
  readonly sourceName: string;
}

/** Tags, each with where it came from. A tag that somebody has already keeps its first origin. */
@Injectable()
export class Tags {
  constructor(private readonly timeline: Timeline) {}

  /** False if the person has it already. */
  async add(ctx: TxCtx, personId: LockedPerson, name: string, origin: TagOrigin): Promise<boolean> {
    const tagId = await this.#tagFor(ctx, name);
    const added = await ctx.db
      .insertInto("audience_person_tag")
      .values({ personId, tagId, ...origin })
      .onConflict((on) => on.doNothing())
      .returning("tagId")
      .executeTakeFirst();
    if (added !== undefined) await this.timeline.write(ctx, personId, "tag_added", { name, ...origin });
    return added !== undefined;
  }

  /** @throws Fault `kit.not_found` if the person doesn't have it */
  async remove(ctx: TxCtx, personId: LockedPerson, tagId: string): Promise<void> {
    const tag = await ctx.db.selectFrom("audience_tag").select("name").where("id", "=", tagId).executeTakeFirst();
    await ctx.db
      .deleteFrom("audience_person_tag")
      .where("personId", "=", personId)
      .where("tagId", "=", tagId)
      .returning("tagId")
      .executeTakeFirstOrThrow(() => notFound());
    await this.timeline.write(ctx, personId, "tag_removed", {
      name: tag?.name,
      by: ctx.actor.id,
      byName: ctx.actor.name,
    });
  }

  /** By its name; false if the person doesn't have it. */
  async take(ctx: TxCtx, personId: LockedPerson, name: string): Promise<boolean> {
    const tag = await ctx.db
      .selectFrom("audience_person_tag")
      .innerJoin("audience_tag", "audience_tag.id", "audience_person_tag.tagId")
      .select("audience_tag.id")
      .where("personId", "=", personId)
      .where("audience_tag.name", "=", name)
      .executeTakeFirst();
    if (tag === undefined) return false;
    await this.remove(ctx, personId, tag.id);
    return true;
  }

  async list(ctx: Ctx): Promise<{ id: string; name: string; people: number }[]> {
    return ctx.db
      .selectFrom("audience_tag")
      .leftJoin("audience_person_tag", "audience_person_tag.tagId", "audience_tag.id")
      .select(({ fn }) => [
        "audience_tag.id",
        "audience_tag.name",
        fn.count<number>("audience_person_tag.personId").as("people"),
      ])
      .groupBy(["audience_tag.id", "audience_tag.name"])
      .orderBy("audience_tag.name")
      .execute();
  }

  async #tagFor(ctx: TxCtx, name: string): Promise<string> {
    const find = () => ctx.db.selectFrom("audience_tag").select("id").where("name", "=", name).executeTakeFirst();
    const known = await find();
    if (known !== undefined) return known.id;
    await ctx.db
      .insertInto("audience_tag")
      .values({ name })
      .onConflict((on) => on.doNothing())
      .execute();
    const tag = await find();
    if (tag === undefined) throw new Error("a tag was made and is gone again");
    return tag.id;
  }
}
