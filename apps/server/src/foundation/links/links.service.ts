import { Injectable } from "@nestjs/common";
import { businessDay } from "@zhanggui/kit/contract/business-day";
import { addDays, dayStart } from "@zhanggui/kit/contract/day";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Access } from "@zhanggui/kit/contract/permission";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { within } from "@zhanggui/kit/server/data-scope";
import { listOf } from "@zhanggui/kit/server/list";
import { isWithin, publicUrl } from "@zhanggui/kit/server/public-url";
import { randomCode } from "@zhanggui/kit/server/random-code";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { searchIn } from "@zhanggui/kit/server/search";
import type { Tables } from "@zhanggui/kit/server/tables";
import { type InsertObject, type Kysely, sql, type SqlBool, type UpdateObject } from "kysely";
import { AccessService } from "../access/access.service.ts";
import { Passwords } from "../access/passwords.ts";
import { Tenants } from "../access/tenants.ts";
import { SettingsService } from "../settings/settings.service.ts";
import { badDestination, domainNotAllowed, links, linksWrite, slugTaken } from "./links.contract.ts";
import { allowedDomains, reuseMinutes } from "./links.settings.ts";

type LinkView = Out<typeof links.create>;
type Given = Omit<Flat<typeof links.update>, "linkId" | "url">;
type NewLink = InsertObject<Tables, "links_link">;
const slugLength = 7;
const longestUrl = 2048;
/** What people would take for the house's own, in any case. */
const reserved = new Set("admin api app console docs health help login logout pay signin support www".split(" "));

/** Short links: what they are. How they are opened stands in `opening.ts`. */
@Injectable()
export class LinksService {
  constructor(
    private readonly runtime: Runtime,
    private readonly settings: SettingsService,
    private readonly passwords: Passwords,
    private readonly tenants: Tenants,
    private readonly accounts: AccessService,
  ) {}

  list(ctx: Ctx, query: Flat<typeof links.list>): Promise<Out<typeof links.list>> {
    const search = (part: string) => searchIn(ctx, "links_link", "words", part);
    return listOf(ctx, links.list, query, linkRows(ctx.db, this.runtime, ctx), {
      search,
      present: (rows) => this.#shown(ctx, rows),
    });
  }

  /**
   * Without an ending, a password or a limit of its own a link is like any other to the same address: one that was made
   * a moment ago, with the same title, expiry and rules, is given again.
   *
   * @throws Fault `links.slug_taken`, `links.bad_destination`, `links.domain_not_allowed`
   */
  async create(ctx: Ctx, { slug, url: wanted, ...given }: Flat<typeof links.create>): Promise<LinkView> {
    if (slug !== undefined && reserved.has(slug.toLowerCase())) throw slugTaken({ slug, errors: [{ field: "slug" }] });
    const domains = await this.settings.get(ctx, allowedDomains);
    const [url, values] = [destination(wanted, domains), await this.#values(given, domains)];
    const minutes = await this.settings.get(ctx, reuseMinutes);
    const isLikeOthers = slug === undefined && !given.password && !given.maxClicks && minutes > 0;
    return ctx.tx(async (ctx) => {
      if (isLikeOthers) await ctx.lock("links.reuse", url);
      const { title = null, expiresAt = null, rules = "[]" } = values;
      const recent = linkRows(ctx.db, this.runtime, ctx)
        .where("url", "=", url)
        .where("title", "is not distinct from", title)
        .where("expiresAt", "is not distinct from", expiresAt)
        .where(sql<SqlBool>`rules = ${rules}::jsonb AND NOT disabled AND NOT own_slug`)
        .where((eb) => eb.and({ maxClicks: null, passwordHash: null }))
        .where("createdAt", ">", new Date(ctx.now().getTime() - minutes * 60_000))
        // Somebody else's would lead nowhere in their list.
        .where("ownerId", "is not distinct from", ownerOf(ctx));
      const same = isLikeOthers ? await recent.executeTakeFirst() : undefined;
      return same === undefined ? this.#add(ctx, { ...values, url }, slug) : this.#one(ctx, same.id);
    });
  }

  /** The link with an ending, if there is one that the caller may change. */
  async idOf(ctx: Ctx, { slug }: Pick<Flat<typeof links.create>, "slug">): Promise<string | undefined> {
    if (slug === undefined) return undefined;
    const known = ctx.db.selectFrom("links_link").select("id").where("slug", "=", slug).where("deletedAt", "is", null);
    return (await known.where(within(ctx.actor, linksWrite, "ownerId")).executeTakeFirst())?.id;
  }

  /** @throws Fault `kit.not_found`, `links.bad_destination`, `links.domain_not_allowed` */
  async update(ctx: Ctx, { linkId, url, ownerId, ...given }: Flat<typeof links.update>): Promise<LinkView> {
    if (ownerId !== undefined && !(await this.accounts.names(ctx, [ownerId])).has(ownerId))
      throw notFound({ errors: [{ field: "ownerId" }] });
    const domains = await this.settings.get(ctx, allowedDomains);
    const values = await this.#values(given, domains);
    await this.#set(ctx, linkId, { ...values, ownerId, url: url && destination(url, domains) });
    return this.#one(ctx, linkId);
  }

  /** Its row stays, empty: what was printed somewhere must never lead where somebody else wants. */
  async delete(ctx: Ctx, { linkId }: Flat<typeof links.delete>): Promise<void> {
    const nothing = { url: "", title: null, rules: "[]", passwordHash: null };
    await this.#set(ctx, linkId, { ...nothing, deletedAt: ctx.now() });
  }

  /** Days are the tenant's. @throws Fault `kit.not_found` */
  async clicks(ctx: Ctx, { linkId, days }: Flat<typeof links.clicks>): Promise<Out<typeof links.clicks>> {
    const { clicks } = await this.#one(ctx, linkId, links.clicks.access);
    const { zone } = await this.tenants.get(ctx.tenantId);
    const since = dayStart(addDays(businessDay(ctx.now(), zone), 1 - days), zone);
    const rows = await ctx.sql<{ day: string; clicks: number }>`
      SELECT (hour AT TIME ZONE ${zone})::date::text AS day, sum(clicks)::int AS clicks FROM links_click
      WHERE link_id = ${linkId} AND hour >= ${since} GROUP BY 1 ORDER BY 1`;
    return { clicks, days: rows };
  }

  /** As columns hold it; what is undefined stays as it is. */
  async #values({ rules, expiresAt, password, ...rest }: Given, domains: readonly string[]) {
    const led = rules?.map((rule, n) => ({ ...rule, url: destination(rule.url, domains, `rules.${n}.url`) }));
    return {
      ...rest,
      rules: led && JSON.stringify(led),
      expiresAt: typeof expiresAt === "string" ? new Date(expiresAt) : expiresAt,
      passwordHash: password && (await this.passwords.hash(password)),
    };
  }

  async #add(ctx: TxCtx, values: Omit<NewLink, "slug">, asked?: string): Promise<LinkView> {
    const slug = asked ?? randomCode(slugLength);
    const row = await ctx.db
      .insertInto("links_link")
      .values({ ...values, slug, ownSlug: asked !== undefined, ownerId: ownerOf(ctx) })
      // Whoever has it, of whatever tenant: all links stand under one host.
      .onConflict((on) => on.column("slug").doNothing())
      .returning("id as linkId")
      .executeTakeFirst();
    if (row === undefined && asked !== undefined) throw slugTaken({ slug, errors: [{ field: "slug" }] });
    if (row === undefined) return this.#add(ctx, values);
    await ctx.db.insertInto("links_counter").values(row).execute();
    return this.#one(ctx, row.linkId);
  }

  /** @throws Fault `kit.not_found` */
  async #set(ctx: Ctx, linkId: string, values: UpdateObject<Tables, "links_link">): Promise<void> {
    await ctx.db
      .updateTable("links_link")
      // A change of nothing is one too.
      .set((eb) => ({ disabled: eb.ref("disabled"), ...values }))
      .where("id", "=", linkId)
      .where("deletedAt", "is", null)
      .where(within(ctx.actor, linksWrite, "ownerId"))
      .returning("id")
      .executeTakeFirstOrThrow(() => notFound());
  }

  /**
   * @param access what is to reach it; left out for what was just made or changed, and perhaps handed on
   * @throws Fault `kit.not_found`, also for another's to whoever only reaches their own
   */
  async #one(ctx: Ctx, linkId: string, access?: Access): Promise<LinkView> {
    const rows = linkRows(ctx.db, this.runtime, ctx).where("link.id", "=", linkId);
    const reached = access === undefined ? rows : rows.where(within(ctx.actor, access, "ownerId"));
    const [link] = await this.#shown(ctx, await reached.execute());
    if (link === undefined) throw notFound();
    return link;
  }

  async #shown<Row extends { readonly ownerId: string | null }>(ctx: Ctx, rows: readonly Row[]) {
    const names = await this.accounts.names(
      ctx,
      rows.flatMap(({ ownerId }) => ownerId ?? []),
    );
    return rows.map(({ ownerId, ...row }) => ({
      ...row,
      owner: ownerId === null ? null : { id: ownerId, name: names.get(ownerId) ?? "" },
    }));
  }
}

/** Whose something is that is made now; what a key makes is nobody's. */
function ownerOf({ actor }: Ctx): string | null {
  return actor.kind === "account" ? actor.id : null;
}

/** All links that `db` sees, but deleted ones; the columns are called like the item's fields. */
export function linkRows(db: Kysely<Tables>, { env }: Runtime, ctx: Ctx) {
  const now = ctx.now();
  const state = sql<LinkView["state"]>`CASE WHEN disabled THEN 'disabled' WHEN expires_at <= ${now} THEN 'expired'
    WHEN clicks >= max_clicks THEN 'used_up' ELSE 'active' END`;
  return db
    .selectFrom("links_link as link")
    .innerJoin("links_counter as counter", "counter.linkId", "link.id")
    .selectAll("link")
    .select(["counter.clicks", state.as("state")])
    .select(sql<string>`${`${env.PUBLIC_URL}/s/`} || slug`.as("shortUrl"))
    .select(sql<boolean>`password_hash IS NOT NULL`.as("hasPassword"))
    .whereRef("counter.tenantId", "=", "link.tenantId")
    .where("deletedAt", "is", null);
}

/** What is kept of an address. @throws Fault `links.bad_destination`, `links.domain_not_allowed` */
function destination(text: string, domains: readonly string[], field = "url"): string {
  const inWechat = /^weixin:\/\/[\x21-\x5b\x5d-\x7e]+$/.test(text);
  const url = inWechat ? URL.parse(text) : publicUrl(text);
  const errors = [{ field }];
  if (!url || url.href.length > longestUrl) throw badDestination({ url: text, errors });
  if (inWechat || domains.length === 0 || isWithin(url, domains)) return url.href;
  throw domainNotAllowed({ domain: url.hostname, errors });
}
