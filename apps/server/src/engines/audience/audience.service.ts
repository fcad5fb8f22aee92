import { Injectable } from "@nestjs/common";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { readCursor, TimeCursor, toPage } from "@zhanggui/kit/contract/page";
import type { In, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { Tables } from "@zhanggui/kit/server/tables";
import type { SelectQueryBuilder } from "kysely";
import { Apps } from "../connect/apps.ts";
import { Channels } from "../connect/channels.ts";
import type { audience } from "./audience.contract.ts";
import { Identities } from "./internal/identities.ts";
import { findPerson, lockPerson, type PersonRow } from "./internal/people.ts";
import { Tags } from "./internal/tags.ts";
import { Timeline } from "./timeline.ts";

type PersonView = Out<typeof audience.getPerson>;
type PeopleFilter = In<typeof audience.listPeople>["query"];
type PeopleQuery = SelectQueryBuilder<Tables, "audience_person", object>;

/** People as operators see and edit them. */
@Injectable()
export class AudienceService {
  readonly #apps: Apps;
  readonly #channels: Channels;
  readonly #identities: Identities;
  readonly #tags: Tags;
  readonly #timeline: Timeline;

  constructor(apps: Apps, channels: Channels, identities: Identities, tags: Tags, timeline: Timeline) {
    this.#apps = apps;
    this.#channels = channels;
    this.#identities = identities;
    this.#tags = tags;
    this.#timeline = timeline;
  }

  async list(ctx: Ctx, filter: PeopleFilter): Promise<Out<typeof audience.listPeople>> {
    const { cursor, limit } = filter;
    const matching = narrowed(ctx.db.selectFrom("audience_person"), filter);
    let page = matching
      .selectAll()
      .orderBy("last_seen_at", "desc")
      .orderBy("id", "desc")
      .limit(limit + 1);
    const before = readCursor(cursor, TimeCursor);
    if (before !== undefined) {
      page = page.where(({ eb, refTuple, tuple }) =>
        eb(refTuple("last_seen_at", "id"), "<", tuple(new Date(before[0]), before[1])),
      );
    }
    const rows = await page.execute();
    const { total } = await matching.select(({ fn }) => fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
    const ids = rows.map((row) => row.id);
    const [tags, identities, channels] = await Promise.all([
      this.#tagsOf(ctx, ids),
      this.#identitiesOf(ctx, ids),
      this.#channels.names(ctx),
    ]);
    const summary = (row: PersonRow) => ({
      ...summarised(row, channels),
      following: identities.some((each) => each.person_id === row.id && each.following === true),
      tags: tags.filter((tag) => tag.person_id === row.id).map(({ tag_id, name }) => ({ tagId: tag_id, name })),
    });
    return { ...toPage(rows, limit, (row) => [row.last_seen_at, row.id], summary), total };
  }

  /** Old links to a record that was merged lead to the one that goes on. @throws Fault `kit.not_found` */
  async get(ctx: Ctx, personId: string): Promise<PersonView> {
    const row = await this.#row(ctx, personId);
    const [tags, identities, channels, apps] = await Promise.all([
      this.#tagsOf(ctx, [row.id]),
      this.#identitiesOf(ctx, [row.id]),
      this.#channels.names(ctx),
      this.#apps.list(ctx),
    ]);
    return {
      ...summarised(row, channels),
      following: identities.some(({ following }) => following === true),
      tags: tags.map((tag) => ({
        tagId: tag.tag_id,
        name: tag.name,
        source: tag.source,
        sourceName: tag.source_name,
        since: tag.created_at,
      })),
      identities: identities.map(({ kind, value, scope, following, created_at }) => ({
        kind,
        value,
        wechatAppId: scope === "" ? null : scope,
        wechatAppName: apps.find(({ id }) => id === scope)?.name ?? null,
        following,
        since: created_at,
      })),
    };
  }

  async timeline(ctx: Ctx, personId: string, page: In<typeof audience.timeline>["query"]) {
    const { id } = await this.#row(ctx, personId);
    return this.#timeline.list(ctx, id, page);
  }

  /** @throws Fault `kit.conflict` if the phone number or mail address is another person's; `kit.not_found` */
  async update(ctx: Ctx, personId: string, change: In<typeof audience.updatePerson>["body"]): Promise<PersonView> {
    await ctx.tx(async (ctx) => {
      const id = await lockPerson(ctx, personId);
      if (change.displayName !== undefined) {
        await ctx.db
          .updateTable("audience_person")
          .set({ display_name: change.displayName })
          .where("id", "=", id)
          .execute();
      }
      for (const kind of ["phone", "mail"] as const) {
        const value = change[kind];
        if (value !== undefined && (await this.#identities.claim(ctx, id, kind, value)) !== id) throw conflict();
      }
    });
    return this.get(ctx, personId);
  }

  /** @throws Fault `kit.not_found` */
  async addTag(ctx: Ctx, personId: string, name: string): Promise<PersonView> {
    const origin = { source: "manual" as const, sourceId: ctx.actor.id, sourceName: ctx.actor.name };
    await ctx.tx(async (ctx) => this.#tags.add(ctx, await lockPerson(ctx, personId), name, origin));
    return this.get(ctx, personId);
  }

  /** @throws Fault `kit.not_found` for a person that isn't there or doesn't have the tag */
  async removeTag(ctx: Ctx, personId: string, tagId: string): Promise<PersonView> {
    await ctx.tx(async (ctx) => this.#tags.remove(ctx, await lockPerson(ctx, personId), tagId));
    return this.get(ctx, personId);
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

  /** Name and mail address, for whoever writes to people; `hold`s the person. @throws Fault `kit.not_found` */
  async contact(ctx: TxCtx, personId: string): Promise<{ personId: string; displayName: string; mail: string | null }> {
    const row = await this.#row(ctx, await lockPerson(ctx, personId));
    const mail = await ctx.db
      .selectFrom("audience_identity")
      .select("value")
      .where("person_id", "=", row.id)
      .where("kind", "=", "mail")
      .orderBy("created_at", "desc")
      .executeTakeFirst();
    return { personId: row.id, displayName: row.display_name, mail: mail?.value ?? null };
  }

  /** Whether an openid follows its account now, as far as we know. */
  async follows(ctx: Ctx, { wechatAppId, openid }: { wechatAppId: string; openid: string }): Promise<boolean> {
    const row = await ctx.db
      .selectFrom("audience_identity")
      .select("following")
      .where("kind", "=", "openid")
      .where("scope", "=", wechatAppId)
      .where("value", "=", openid)
      .executeTakeFirst();
    return row?.following === true;
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
      .innerJoin("audience_tag", "audience_tag.id", "audience_person_tag.tag_id")
      .selectAll("audience_person_tag")
      .select("audience_tag.name")
      .where("audience_person_tag.person_id", "in", personIds)
      .orderBy("audience_person_tag.created_at")
      .execute();
  }

  #identitiesOf(ctx: Ctx, personIds: readonly string[]) {
    if (personIds.length === 0) return Promise.resolve([]);
    return ctx.db
      .selectFrom("audience_identity")
      .selectAll()
      .where("person_id", "in", personIds)
      .orderBy("created_at")
      .orderBy("id")
      .execute();
  }
}

function summarised(row: PersonRow, channels: ReadonlyMap<string, string>) {
  return {
    id: row.id,
    displayName: row.display_name,
    channelName: row.first_channel_id === null ? null : (channels.get(row.first_channel_id) ?? null),
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
  };
}

function narrowed(people: PeopleQuery, { search, tagId, following }: PeopleFilter): PeopleQuery {
  let query = people.where("merged_into", "is", null);
  if (search !== undefined && search !== "") {
    const part = `%${search.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
    query = query.where(({ eb, or, exists, selectFrom }) =>
      or([
        eb("audience_person.display_name", "ilike", part),
        exists(
          selectFrom("audience_identity")
            .select("audience_identity.id")
            .whereRef("audience_identity.person_id", "=", "audience_person.id")
            .where("audience_identity.value", "=", search),
        ),
      ]),
    );
  }
  if (tagId !== undefined) {
    query = query.where(({ exists, selectFrom }) =>
      exists(
        selectFrom("audience_person_tag")
          .select("audience_person_tag.tag_id")
          .whereRef("audience_person_tag.person_id", "=", "audience_person.id")
          .where("audience_person_tag.tag_id", "=", tagId),
      ),
    );
  }
  if (following !== undefined) {
    query = query.where(({ exists, not, selectFrom }) => {
      const follows = exists(
        selectFrom("audience_identity")
          .select("audience_identity.id")
          .whereRef("audience_identity.person_id", "=", "audience_person.id")
          .where("audience_identity.following", "=", true),
      );
      return following ? follows : not(follows);
    });
  }
  return query;
}
