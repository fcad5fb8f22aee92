import { Injectable } from "@nestjs/common";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { countLimit } from "@zhanggui/kit/contract/page";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { latestFirst, readPage, totalOf } from "@zhanggui/kit/server/paging";
import { type Found, searchIn } from "@zhanggui/kit/server/search";
import type { Tables } from "@zhanggui/kit/server/tables";
import { type SelectQueryBuilder, sql, type SqlBool } from "kysely";
import { Apps } from "../connect/apps.ts";
import { Channels } from "../connect/channels.ts";
import type { audience } from "./audience.contract.ts";
import { Identities, type Openid } from "./internal/identities.ts";
import { findPerson, lockPerson, type PersonRow } from "./internal/people.ts";
import { Tags } from "./internal/tags.ts";
import { Timeline } from "./timeline.ts";

type PersonView = Out<typeof audience.getPerson>;
type PeopleFilter = Flat<typeof audience.listPeople>;
type PeopleQuery = SelectQueryBuilder<Tables, "audience_person", object>;

/** People as operators see and edit them. */
@Injectable()
export class AudienceService {
  constructor(
    private readonly apps: Apps,
    private readonly channels: Channels,
    private readonly identities: Identities,
    private readonly tags: Tags,
    private readonly timeline: Timeline,
  ) {}

  async list(ctx: Ctx, filter: PeopleFilter): Promise<Out<typeof audience.listPeople>> {
    const found = await this.#found(ctx, filter.search);
    const matching = narrowed(ctx, filter, found);
    const page = await readPage(matching.selectAll(), filter, latestFirst("lastSeenAt"));
    const total = await totalFound(ctx, filter, found);
    const ids = page.items.map((row) => row.id);
    const [tags, identities, channels] = await Promise.all([
      this.#tagsOf(ctx, ids),
      this.#identitiesOf(ctx, ids),
      this.channels.names(ctx),
    ]);
    const items = page.items.map((row) => ({
      ...summarised(row, channels),
      following: identities.some((each) => each.personId === row.id && each.following === true),
      tags: tags.filter((tag) => tag.personId === row.id),
    }));
    return { items, next: page.next, total };
  }

  /** Old links to a record that was merged lead to the one that goes on. @throws Fault `kit.not_found` */
  async get(ctx: Ctx, { personId }: Flat<typeof audience.getPerson>): Promise<PersonView> {
    const row = await this.#row(ctx, personId);
    const [tags, identities, channels, apps] = await Promise.all([
      this.#tagsOf(ctx, [row.id]),
      this.#identitiesOf(ctx, [row.id]),
      this.channels.names(ctx),
      this.apps.list(ctx),
    ]);
    return {
      ...summarised(row, channels),
      following: identities.some(({ following }) => following === true),
      tags,
      identities: identities.map(({ kind, value, scope, following, createdAt }) => ({
        kind,
        value,
        wechatAppId: scope === "" ? null : scope,
        wechatAppName: apps.find(({ id }) => id === scope)?.name ?? null,
        following,
        since: createdAt,
      })),
    };
  }

  async timelineOf(ctx: Ctx, { personId, ...page }: Flat<typeof audience.timeline>) {
    const { id } = await this.#row(ctx, personId);
    return this.timeline.list(ctx, id, page);
  }

  /** @throws Fault `kit.conflict` if the phone number or mail address is another person's; `kit.not_found` */
  async update(ctx: Ctx, { personId, ...change }: Flat<typeof audience.updatePerson>): Promise<PersonView> {
    await ctx.tx(async (ctx) => {
      const id = await lockPerson(ctx, personId);
      if (change.displayName !== undefined) {
        await ctx.db
          .updateTable("audience_person")
          .set({ displayName: change.displayName })
          .where("id", "=", id)
          .execute();
      }
      for (const kind of ["phone", "mail"] as const) {
        const value = change[kind];
        if (value !== undefined && (await this.identities.claim(ctx, id, kind, value)) !== id) throw conflict();
      }
    });
    return this.get(ctx, { personId });
  }

  /** @throws Fault `kit.not_found` */
  async addTag(ctx: Ctx, { personId, name }: Flat<typeof audience.addTag>): Promise<PersonView> {
    const origin = { source: "manual" as const, sourceId: ctx.actor.id, sourceName: ctx.actor.name };
    await ctx.tx(async (ctx) => this.tags.add(ctx, await lockPerson(ctx, personId), name, origin));
    return this.get(ctx, { personId });
  }

  /** @throws Fault `kit.not_found` for a person that isn't there or doesn't have the tag */
  async removeTag(ctx: Ctx, { personId, tagId }: Flat<typeof audience.removeTag>): Promise<PersonView> {
    await ctx.tx(async (ctx) => this.tags.remove(ctx, await lockPerson(ctx, personId), tagId));
    return this.get(ctx, { personId });
  }

  /**
   * For whoever is about to write rows of their own about a person: whose they are, now and until the transaction
   * ends. A merge waits that long, so its `audience.people_merged.v2` comes when those rows are there to be moved.
   *
   * @throws Fault `kit.not_found`
   */
  lockPerson(ctx: TxCtx, personId: string): Promise<string> {
    return lockPerson(ctx, personId);
  }

  /** Whose record an id leads to now, for looking up; an id that nobody has leads to itself. */
  async survivorOf(ctx: Ctx, personId: string): Promise<string> {
    return (await findPerson(ctx, personId))?.id ?? personId;
  }

  /** Name and mail address, for whoever writes to people; locks the person. @throws Fault `kit.not_found` */
  async contact(ctx: TxCtx, personId: string): Promise<{ personId: string; displayName: string; mail: string | null }> {
    const row = await this.#row(ctx, await lockPerson(ctx, personId));
    const mail = await ctx.db
      .selectFrom("audience_identity")
      .select("value")
      .where("personId", "=", row.id)
      .where("kind", "=", "mail")
      .orderBy("createdAt", "desc")
      .executeTakeFirst();
    return { personId: row.id, displayName: row.displayName, mail: mail?.value ?? null };
  }

  /** Whether an openid follows its account now, as far as we know. */
  async follows(ctx: Ctx, openid: Openid): Promise<boolean> {
    return (await this.identities.find(ctx, openid))?.following === true;
  }

  /** Those whose name holds the text, and those who are known by it: an openid, a phone number, a mail address. */
  async #found(ctx: Ctx, search: string | undefined): Promise<Found | undefined> {
    if (search === undefined || search === "") return undefined;
    const [named, known] = await Promise.all([
      searchIn(ctx, "audience_person", "displayName", search),
      ctx.db.selectFrom("audience_identity").select("personId").where("value", "=", search).execute(),
    ]);
    return { ...named, ids: [...named.ids, ...known.map(({ personId }) => personId)] };
  }

  async #row(ctx: Ctx, personId: string): Promise<PersonRow> {
    const row = await findPerson(ctx, personId);
    if (row === undefined) throw notFound();
    return row;
  }

  #tagsOf(ctx: Ctx, personIds: readonly string[]) {
    if (personIds.length === 0) return Promise.resolve([]);
    return ctx.db
      .selectFrom("audience_person_tag")
      .innerJoin("audience_tag", "audience_tag.id", "audience_person_tag.tagId")
      .selectAll("audience_person_tag")
      .select(["audience_tag.name", "audience_person_tag.createdAt as since"])
      .where("audience_person_tag.personId", "in", personIds)
      .orderBy("audience_person_tag.createdAt")
      .execute();
  }

  #identitiesOf(ctx: Ctx, personIds: readonly string[]) {
    if (personIds.length === 0) return Promise.resolve([]);
    return ctx.db
      .selectFrom("audience_identity")
      .selectAll()
      .where("personId", "in", personIds)
      .orderBy("createdAt")
      .orderBy("id")
      .execute();
  }
}

function summarised(row: PersonRow, channels: ReadonlyMap<string, string>) {
  return { ...row, channelName: row.firstChannelId === null ? null : (channels.get(row.firstChannelId) ?? null) };
}

/** Counts among the ids that are there; only if other filters leave few of them, among all. */
async function totalFound(ctx: Ctx, filter: PeopleFilter, found: Found | undefined): Promise<number> {
  if (found === undefined || !found.isCut) return totalOf(ctx, narrowed(ctx, filter, found));
  const some = await totalOf(ctx, narrowed(ctx, filter, { ...found, isCut: false }));
  return some > countLimit ? some : totalOf(ctx, narrowed(ctx, filter, found));
}

function narrowed(ctx: Ctx, { tagId, following }: PeopleFilter, found: Found | undefined): PeopleQuery {
  let query: PeopleQuery = ctx.db.selectFrom("audience_person").where("mergedInto", "is", null);
  if (found !== undefined) {
    const { ids, isCut, holds } = found;
    const isOne = sql<SqlBool>`audience_person.id = ANY (${ids}::uuid[])`;
    query = query.where((eb) => (isCut ? eb.or([holds, isOne]) : isOne));
  }
  if (tagId !== undefined) {
    query = query.where(({ exists, selectFrom }) =>
      exists(
        selectFrom("audience_person_tag")
          .select("audience_person_tag.tagId")
          .whereRef("audience_person_tag.personId", "=", "audience_person.id")
          .where("audience_person_tag.tagId", "=", tagId),
      ),
    );
  }
  if (following !== undefined) {
    query = query.where(({ exists, not, selectFrom }) => {
      const follows = exists(
        selectFrom("audience_identity")
          .select("audience_identity.id")
          .whereRef("audience_identity.personId", "=", "audience_person.id")
          .where("audience_identity.following", "=", true),
      );
      return following ? follows : not(follows);
    });
  }
  return query;
}
