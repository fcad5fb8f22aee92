import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import { countLimit } from "@zhanggui/kit/contract/count-limit";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { searchFew } from "@zhanggui/kit/server/search";
import { audience, tagTaken } from "../audience.contract.ts";
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

  list(ctx: Ctx, query: Flat<typeof audience.listTags>): Promise<Out<typeof audience.listTags>> {
    return listOf(ctx, audience.listTags, query, tagRows(ctx), {
      search: (part) => searchFew(ctx, "audience_tag", ["name"], part),
      present: (rows) => withPeople(ctx, rows),
    });
  }

  /** @throws Fault `audience.tag_taken` at the name, `kit.not_found` */
  async update(ctx: Ctx, { tagId, name }: Flat<typeof audience.updateTag>): Promise<Out<typeof audience.updateTag>> {
    const onUnique = tagTaken({ name, errors: [{ field: "name" }] });
    const renamed = await ctx.tx(
      (ctx) =>
        ctx.db
          .updateTable("audience_tag")
          .set({ name })
          .where("id", "=", tagId)
          .returning(["id", "name", "createdAt"])
          .executeTakeFirstOrThrow(() => notFound()),
      { onUnique },
    );
    const [tag] = await withPeople(ctx, [renamed]);
    return tag as Out<typeof audience.updateTag>;
  }

  /**
   * What people's stories tell of it stays. Whoever is about to tag somebody with it waits, and makes it anew.
   *
   * @throws Fault `kit.not_found`
   */
  async delete(ctx: Ctx, { tagId }: Flat<typeof audience.deleteTag>): Promise<Out<typeof audience.deleteTag>> {
    return ctx.tx(async (ctx) => {
      await ctx.db
        .selectFrom("audience_tag")
        .select("id")
        .where("id", "=", tagId)
        .forUpdate()
        .executeTakeFirstOrThrow(() => notFound());
      await ctx.db.deleteFrom("audience_person_tag").where("tagId", "=", tagId).execute();
      await ctx.db.deleteFrom("audience_tag").where("id", "=", tagId).execute();
      return {};
    });
  }

  async #tagFor(ctx: TxCtx, name: string): Promise<string> {
    // Kept until the transaction ends: of a tag that is deleted meanwhile nobody can be given any.
    const find = () =>
      ctx.db.selectFrom("audience_tag").select("id").where("name", "=", name).forKeyShare().executeTakeFirst();
    // Made by two at once, the key lets one through; deleted before it is found, it is made again.
    for (;;) {
      const known = await find();
      if (known !== undefined) return known.id;
      await ctx.db
        .insertInto("audience_tag")
        .values({ name })
        .onConflict((on) => on.doNothing())
        .execute();
    }
  }
}

function tagRows(ctx: Ctx) {
  return ctx.db.selectFrom("audience_tag").select(["id", "name", "createdAt"]);
}

/** How many have each, counted as far as lists count: of a tag that half of a million people have, its index alone. */
async function withPeople<Row extends { readonly id: string }>(ctx: Ctx, rows: readonly Row[]) {
  const counts = await ctx.sql<{ id: string; people: number }>`
    SELECT id, (SELECT count(*)::int FROM (
      SELECT FROM audience_person_tag WHERE tag_id = of.id LIMIT ${countLimit + 1}) AS counted) AS people
    FROM unnest(${rows.map(({ id }) => id)}::uuid[]) AS of (id)`;
  const people = new Map(counts.map((each) => [each.id, each.people]));
  return rows.map((row) => ({ ...row, people: people.get(row.id) ?? 0 }));
}
