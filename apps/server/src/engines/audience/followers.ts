import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";

export interface FollowersOf {
  readonly wechatAppId: string;
  /** Only those who have the tag. */
  readonly tagId?: string | undefined;
}

/** Who follows an account, for engines that write to many of them at once. */
@Injectable()
export class Followers {
  /** A tag, as it is called now; undefined for one that is gone. */
  tag(ctx: Ctx, id: string): Promise<{ id: string; name: string } | undefined> {
    return ctx.db.selectFrom("audience_tag").select(["id", "name"]).where("id", "=", id).executeTakeFirst();
  }

  async count(ctx: Ctx, of: FollowersOf): Promise<number> {
    const rows = following(ctx, of).select(({ fn }) => fn.countAll<number>().as("count"));
    return Number((await rows.executeTakeFirstOrThrow()).count);
  }

  /** The openid that a person follows by; undefined if they don't. */
  async openidOf(ctx: Ctx, wechatAppId: string, personId: string): Promise<string | undefined> {
    const rows = following(ctx, { wechatAppId }).select("audience_identity.value");
    return (await rows.where("audience_identity.personId", "=", personId).executeTakeFirst())?.value;
  }

  /** Their openids, so many at a time; each once. */
  async *openids(ctx: Ctx, of: FollowersOf, perPage: number): AsyncGenerator<string[]> {
    for (let after = ""; ;) {
      const rows = await following(ctx, of)
        .select("audience_identity.value")
        .where("audience_identity.value", ">", after)
        .orderBy("audience_identity.value")
        .limit(perPage)
        .execute();
      if (rows.length > 0) yield rows.map(({ value }) => value);
      if (rows.length < perPage) return;
      after = rows.at(-1)?.value ?? "";
    }
  }
}

function following(ctx: Ctx, { wechatAppId, tagId }: FollowersOf) {
  const rows = ctx.db
    .selectFrom("audience_identity")
    .where("audience_identity.kind", "=", "openid")
    .where("audience_identity.scope", "=", wechatAppId)
    .where("audience_identity.following", "=", true);
  if (tagId === undefined) return rows;
  return rows.where(({ exists, selectFrom }) =>
    exists(
      selectFrom("audience_person_tag")
        .select("audience_person_tag.personId")
        .whereRef("audience_person_tag.personId", "=", "audience_identity.personId")
        .where("audience_person_tag.tagId", "=", tagId),
    ),
  );
}
