import { Injectable } from "@nestjs/common";
import { countLimit } from "@zhanggui/kit/contract/count-limit";
import { conflict, notFound, searchTooWide } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { bulkOf } from "@zhanggui/kit/server/bulk";
import type { Cache } from "@zhanggui/kit/server/cache";
import { listOf, type Rows } from "@zhanggui/kit/server/list";
import { PlanLimits } from "@zhanggui/kit/server/plan-limits";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { type Found, foundByEither, searchIn } from "@zhanggui/kit/server/search";
import { sql } from "kysely";
import { Apps } from "../connect/apps.ts";
import { type Openid, openidKey } from "../connect/openid.ts";
import { Channels } from "../connect/channels.ts";
import { personNames } from "./audience.caches.ts";
import { audience, contactTaken } from "./audience.contract.ts";
import { peopleLimit } from "./audience.limits.ts";
import { mayContact } from "./contact-details.ts";
import { Identities } from "./internal/identities.ts";
import { addPerson, findPerson, lockPerson, type PersonRow } from "./internal/people.ts";
import { isPlaceholder } from "./internal/placeholder.ts";
import { type TagOrigin, Tags } from "./internal/tags.ts";
import { Timeline } from "./timeline.ts";

type PersonView = Out<typeof audience.getPerson>;
export interface Contact {
  readonly personId: string;
  readonly displayName: string;
  /** False: the name only tells this person from others, and nobody wants to be called by it. */
  readonly isNamed: boolean;
  readonly mail: string | null;
}

/** Who is behind an openid. */
export interface Behind {
  readonly personId: string;
  readonly displayName: string;
  readonly isNamed: boolean;
  readonly follows: boolean;
  /** The channel that brought them first. */
  readonly channelName: string | null;
}
/** People as operators see and edit them. */
@Injectable()
export class AudienceService {
  readonly #names: Cache<string, string>;

  constructor(
    private readonly apps: Apps,
    private readonly channels: Channels,
    private readonly identities: Identities,
    private readonly tags: Tags,
    private readonly timeline: Timeline,
    private readonly limits: PlanLimits,
    runtime: Runtime,
  ) {
    this.#names = runtime.caches.of(personNames);
  }

  list(ctx: Ctx, query: Flat<typeof audience.listPeople>): Promise<Out<typeof audience.listPeople>> {
    return listOf(ctx, audience.listPeople, query, peopleRows(ctx), {
      ...this.#narrows(ctx),
      present: async (rows) => {
        const ids = rows.map((row) => row.id);
        const [tags, identities, channels] = await Promise.all([
          this.#tagsOf(ctx, ids),
          this.#identitiesOf(ctx, ids),
          this.channels.names(
            ctx,
            rows.map(({ firstChannelId }) => firstChannelId),
          ),
        ]);
        return rows.map((row) => ({
          ...summarised(
            row,
            channels,
            identities.filter(({ personId }) => personId === row.id),
          ),
          tags: tags.filter((tag) => tag.personId === row.id),
        }));
      },
    });
  }

  tagPeople(ctx: Ctx, input: Flat<typeof audience.tagPeople>): Promise<Out<typeof audience.tagPeople>> {
    const origin = manual(ctx);
    return bulkOf(ctx, audience.tagPeople, input, peopleRows(ctx), {
      ...this.#narrows(ctx),
      passes: { tagged: hasTag(input.name) },
      each: (ctx, id) =>
        ctx.tx(async (ctx) => {
          const isNew = await this.tags.add(ctx, await lockPerson(ctx, id), input.name, origin);
          return isNew ? undefined : "tagged";
        }),
    });
  }

  async untagPeople(ctx: Ctx, input: Flat<typeof audience.untagPeople>): Promise<Out<typeof audience.untagPeople>> {
    const hasIt = hasTag(input.name);
    return bulkOf(ctx, audience.untagPeople, input, peopleRows(ctx), {
      ...this.#narrows(ctx),
      passes: { untagged: (rows) => rows.not(hasIt(rows)) },
      each: (ctx, id) =>
        ctx.tx(async (ctx) => {
          const isGone = await this.tags.take(ctx, await lockPerson(ctx, id), input.name);
          return isGone ? undefined : "untagged";
        }),
    });
  }

  /** Old links to a record that was merged lead to the one that goes on. @throws Fault `kit.not_found` */
  async get(ctx: Ctx, { personId }: Flat<typeof audience.getPerson>): Promise<PersonView> {
    const row = await this.#row(ctx, personId);
    const [tags, identities, channels, apps] = await Promise.all([
      this.#tagsOf(ctx, [row.id]),
      this.#identitiesOf(ctx, [row.id]),
      this.channels.names(ctx, [row.firstChannelId]),
      this.apps.states(ctx),
    ]);
    const shown = mayContact(ctx) ? identities : identities.filter(({ kind }) => !contactKinds.has(kind));
    return {
      ...summarised(row, channels, identities),
      tags,
      identities: shown.map(({ kind, value, scope, following, createdAt }) => ({
        kind,
        value,
        wechatAppId: scope === "" ? null : scope,
        wechatAppName: apps.get(scope)?.name ?? null,
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
    const changed = await ctx.tx(async (ctx) => {
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
      for (const name of change.tags ?? []) await this.tags.add(ctx, id, name, manual(ctx));
      return id;
    });
    this.#names.drop(ctx, changed);
    return this.get(ctx, { personId });
  }

  /** @throws Fault `audience.contact_taken` at the field, `kit.limit_reached` */
  async create(ctx: Ctx, { tags = [], ...given }: Flat<typeof audience.createPerson>): Promise<{ id: string }> {
    return ctx.tx(async (ctx) => {
      await this.limits.demand(ctx, peopleLimit);
      const id = await addPerson(ctx, given.displayName);
      for (const kind of ["phone", "mail"] as const) {
        const value = given[kind];
        if (value !== undefined && (await this.identities.claim(ctx, id, kind, value)) !== id)
          throw contactTaken({ errors: [{ field: kind }] });
      }
      for (const name of tags) await this.tags.add(ctx, id, name, manual(ctx));
      return { id };
    });
  }

  /** Whose a phone number, or else a mail address, is. */
  async idOf(ctx: Ctx, given: Pick<Flat<typeof audience.createPerson>, "phone" | "mail">): Promise<string | undefined> {
    for (const kind of ["phone", "mail"] as const) {
      const value = given[kind];
      const whose = value === undefined ? undefined : await this.identities.whose(ctx, kind, value);
      if (whose !== undefined) return whose;
    }
    return undefined;
  }

  /** @throws Fault `kit.not_found` */
  async addTag(ctx: Ctx, { personId, name }: Flat<typeof audience.addTag>): Promise<PersonView> {
    await ctx.tx(async (ctx) => this.tags.add(ctx, await lockPerson(ctx, personId), name, manual(ctx)));
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

  /** How people are called now, by their ids. */
  async names(ctx: Ctx, personIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#names.getMany(ctx, personIds, async (ids) => {
      if (ids.length === 0) return new Map();
      const rows = await ctx.db
        .selectFrom("audience_person")
        .select(["id", "displayName"])
        .where("id", "in", [...new Set(ids)])
        .execute();
      return new Map(rows.map(({ id, displayName }) => [id, displayName]));
    });
  }

  /** One openid may be known by several apps. */
  async findByOpenid(ctx: Ctx, { openids }: Flat<typeof audience.findByOpenid>) {
    return ctx.db
      .selectFrom("audience_identity")
      .innerJoin("audience_person", "audience_person.id", "audience_identity.personId")
      .select(["value as openid", "scope as wechatAppId", "personId", "displayName"])
      .where("kind", "=", "openid")
      .where("value", "in", openids)
      .execute();
  }

  /** Who is behind openids now, by `openidKey`; whoever isn't known yet is left out. */
  async behind(ctx: Ctx, openids: readonly Openid[]): Promise<ReadonlyMap<string, Behind>> {
    if (openids.length === 0) return new Map();
    const rows = await ctx.db
      .selectFrom("audience_identity")
      .innerJoin("audience_person", "audience_person.id", "audience_identity.personId")
      .select([
        "value as openid",
        "scope as wechatAppId",
        "personId",
        "displayName",
        "audience_identity.following",
        "firstChannelId",
      ])
      .where("kind", "=", "openid")
      .where(
        "value",
        "in",
        openids.map(({ openid }) => openid),
      )
      .execute();
    const channels = await this.channels.names(
      ctx,
      rows.map(({ firstChannelId }) => firstChannelId),
    );
    return new Map(
      rows.map((row) => {
        const channelName = row.firstChannelId === null ? null : (channels.get(row.firstChannelId) ?? null);
        const facts = { isNamed: !isPlaceholder(row.displayName), follows: row.following === true };
        return [openidKey(row), { ...row, ...facts, channelName }];
      }),
    );
  }

  /** The openids of those that a search for people finds. @throws Fault `kit.search_too_wide` */
  async openidsFound(ctx: Ctx, search: string): Promise<string[]> {
    const { ids } = await this.#found(ctx, search);
    if (ids === undefined) throw searchTooWide({ limit: countLimit });
    const rows = await ctx.db
      .selectFrom("audience_identity")
      .select("value")
      .where("kind", "=", "openid")
      .where("personId", "=", sql<string>`ANY (${ids}::uuid[])`)
      .execute();
    return rows.map(({ value }) => value);
  }

  /** Name and mail address, for whoever writes to people; locks the person. @throws Fault `kit.not_found` */
  async contact(ctx: TxCtx, personId: string): Promise<Contact> {
    const row = await this.#row(ctx, await lockPerson(ctx, personId));
    const mail = await ctx.db
      .selectFrom("audience_identity")
      .select("value")
      .where("personId", "=", row.id)
      .where("kind", "=", "mail")
      .orderBy("createdAt", "desc")
      .executeTakeFirst();
    const { id, displayName } = row;
    return { personId: id, displayName, isNamed: !isPlaceholder(displayName), mail: mail?.value ?? null };
  }

  /** Whether an openid follows its account now, as far as we know. */
  async follows(ctx: Ctx, openid: Openid): Promise<boolean> {
    return (await this.identities.find(ctx, openid))?.following === true;
  }

  /** What people are narrowed by, in their list and where something is done to many of them. */
  #narrows(ctx: Ctx) {
    return {
      search: (part: string) => this.#found(ctx, part),
      filters: {
        tagId: ({ exists, selectFrom }: People, tagId: string) =>
          exists(
            selectFrom("audience_person_tag")
              .select("audience_person_tag.tagId")
              .whereRef("audience_person_tag.personId", "=", "item.id")
              .where("audience_person_tag.tagId", "=", tagId),
          ),
      },
    };
  }

  /** Those whose name holds the text, and those who are known by it. */
  async #found(ctx: Ctx, search: string): Promise<Found> {
    const [named, known] = await Promise.all([
      searchIn(ctx, "audience_person", "displayName", search),
      this.identities.search(ctx, search, { contacts: mayContact(ctx) }),
    ]);
    const found = foundByEither(named, known);
    // Of identities nobody has said yet whose they are now, and of how many people.
    return named.ids === undefined || known.ids?.length === 0 ? { ...found, areListed: true } : found;
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

/** People as their list has them: of two that turned out to be one, the one that goes on. */
function peopleRows(ctx: Ctx) {
  return ctx.db
    .selectFrom("audience_person")
    .select(["id", "displayName", "firstChannelId", "firstSeenAt", "lastSeenAt", "following"])
    .where("mergedInto", "is", null);
}
type People = Rows<Awaited<ReturnType<ReturnType<typeof peopleRows>["executeTakeFirstOrThrow"]>>>;

function hasTag(name: string) {
  return ({ exists, selectFrom }: People) =>
    exists(
      selectFrom("audience_person_tag")
        .innerJoin("audience_tag", "audience_tag.id", "audience_person_tag.tagId")
        .select("audience_tag.id")
        .whereRef("audience_person_tag.personId", "=", "item.id")
        .where("audience_tag.name", "=", name),
    );
}

function manual({ actor }: Ctx): TagOrigin {
  return { source: "manual", sourceId: actor.id, sourceName: actor.name };
}

const contactKinds: ReadonlySet<string> = new Set(["phone", "mail"]);

function summarised<Row extends Pick<PersonRow, "firstChannelId">>(
  row: Row,
  channels: ReadonlyMap<string, string>,
  identities: readonly { readonly kind: string; readonly value: string }[],
) {
  const latest = (kind: string): string | null => identities.findLast((each) => each.kind === kind)?.value ?? null;
  return {
    ...row,
    channelName: row.firstChannelId === null ? null : (channels.get(row.firstChannelId) ?? null),
    phone: latest("phone"),
    mail: latest("mail"),
  };
}
