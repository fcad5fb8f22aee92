import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { schemaOf } from "@zhanggui/kit/contract/schema";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { firstIdAt } from "@zhanggui/kit/server/queue/event-log";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { searchIn } from "@zhanggui/kit/server/search";
import { type Selectable, sql } from "kysely";
import { eventsRead } from "../events/events.contract.ts";
import { NotificationsService } from "../notifications/notifications.service.ts";
import { Egress, portOf, Refused } from "@zhanggui/kit/server/egress/egress";
import { isReserved } from "./internal/headers.ts";
import { hintOf, newSecret } from "./internal/signature.ts";
import {
  badAddress,
  headerEmpty,
  headerReserved,
  mostEndpoints,
  nameTaken,
  tooMany,
  unknownEvent,
  webhooks,
  webhooksRead,
} from "./webhooks.contract.ts";
import { forgetDeliveries, resumePaused } from "./webhooks.jobs.ts";
import { endpointDisabled } from "./webhooks.notifications.ts";
import { customHeaders, formerSecret, signingSecret } from "./webhooks.sealed.ts";
import type { WebhooksTables } from "./webhooks.tables.ts";

type View = Out<typeof webhooks.updateEndpoint>;
export type EndpointRow = Selectable<WebhooksTables["webhooks_endpoint"]>;
type Headers = readonly { readonly name: string; readonly value: string }[];
type Given = Omit<Flat<typeof webhooks.updateEndpoint>, "endpointId">;

const [hourMs, dayMs] = [3_600_000, 86_400_000];
/** Enough to know how it fares. */
const attemptsCounted = 1000;
const waitingCounted = 10_000;
const on = { disabledBecause: null, disabledAt: null };
/** The handler that events reach endpoints by: tenants listen by it (webhooks.module.ts). */
export const fanOutHandler = "webhooks.fan_out";

/** Endpoints: what they are told of, where, and how they fare. What is sent to them stands in `deliveries.ts`. */
@Injectable()
export class WebhooksService {
  readonly egress: Egress;

  constructor(
    private readonly runtime: Runtime,
    private readonly notifications: NotificationsService,
  ) {
    const { EGRESS_NETWORKS: networks, EGRESS_PORTS: ports } = runtime.env;
    this.egress = new Egress({ networks, ports });
  }

  list(ctx: Ctx, query: Flat<typeof webhooks.listEndpoints>): Promise<Out<typeof webhooks.listEndpoints>> {
    return listOf(ctx, webhooks.listEndpoints, query, endpointRows(ctx), {
      search: (part) => searchIn(ctx, "webhooks_endpoint", "name", part),
      present: (rows) => this.#shown(ctx, rows),
    });
  }

  events(): Out<typeof webhooks.listEvents> {
    const items = this.runtime.publishedEvents
      .map(({ name, payload }) => ({ name, schema: schemaOf(payload) }))
      .toSorted((a, b) => a.name.localeCompare(b.name));
    return { items };
  }

  /**
   * Whoever has others told of events may see them.
   *
   * @throws Fault `kit.forbidden`, and those that `#checked` says
   */
  async create(ctx: Ctx, given: Flat<typeof webhooks.createEndpoint>): Promise<Out<typeof webhooks.createEndpoint>> {
    ctx.demand(eventsRead);
    const { ownHeaders = [], ...fields } = await this.#checked(given);
    const id = newId(ctx.now());
    const secret = newSecret();
    await ctx.tx(
      async (ctx) => {
        await lockEndpoints(ctx);
        const { count } = await ctx.db
          .selectFrom("webhooks_endpoint")
          .select((eb) => eb.fn.countAll<number>().as("count"))
          .executeTakeFirstOrThrow();
        if (Number(count) >= mostEndpoints) throw tooMany({ most: mostEndpoints });
        await ctx.db
          .insertInto("webhooks_endpoint")
          .values({
            ...fields,
            ...this.#sealedHeaders(id, ownHeaders, []),
            id,
            name: given.name,
            url: given.url,
            events: given.events,
            ...this.#sealedSecret(id, secret),
          })
          .execute();
        await ctx.db.insertInto("webhooks_health").values({ endpointId: id }).execute();
        await this.#listen(ctx);
      },
      { onUnique: nameTaken({ name: given.name, errors: [{ field: "name" }] }) },
    );
    return { ...(await this.#one(ctx, id)), secret };
  }

  /** @throws Fault `kit.not_found`, and those of `create` */
  async update(ctx: Ctx, { endpointId: id, ...asked }: Flat<typeof webhooks.updateEndpoint>): Promise<View> {
    ctx.demand(eventsRead);
    const { ownHeaders, enabled, ...fields } = await this.#checked(asked);
    await ctx.tx(
      async (ctx) => {
        // Before the endpoint, as attempts do it.
        if (enabled === true) await resetHealth(ctx, id);
        await lockEndpoints(ctx);
        const before = await this.row(ctx, id);
        const given = ownHeaders ?? before.headerNames.map((name) => ({ name, value: "" }));
        const isElsewhere = fields.url !== undefined && originOf(fields.url) !== originOf(before.url);
        // What a header holds was said to one receiver: whoever points the webhook at another one says it anew.
        const kept = isElsewhere ? [] : this.headersOf(before);
        const change = {
          ...fields,
          ...(ownHeaders === undefined && !isElsewhere ? {} : this.#sealedHeaders(id, given, kept)),
          ...(enabled === undefined || enabled === before.enabled
            ? {}
            : { enabled, ...(enabled ? on : { disabledBecause: "by_hand" as const, disabledAt: ctx.now() }) }),
        };
        if (Object.values(change).every((value) => value === undefined)) return;
        await ctx.db.updateTable("webhooks_endpoint").set(change).where("id", "=", id).execute();
        await this.#listen(ctx);
        if (enabled === true && !before.enabled) await ctx.enqueue(resumePaused, { endpointId: id });
      },
      { onUnique: nameTaken({ name: asked.name, errors: [{ field: "name" }] }) },
    );
    return this.#one(ctx, id);
  }

  /** @throws Fault `kit.not_found` */
  async rotate(
    ctx: Ctx,
    { endpointId: id, formerHours }: Flat<typeof webhooks.rotateSecret>,
  ): Promise<Out<typeof webhooks.rotateSecret>> {
    const secret = newSecret();
    await ctx.tx(async (ctx) => {
      await lockEndpoints(ctx);
      const before = await this.row(ctx, id);
      const opened = this.runtime.secrets.open(before.secretSealed, signingSecret.context({ id }));
      const former =
        formerHours === 0
          ? { formerSealed: null, formerUntil: null }
          : {
              formerSealed: this.runtime.secrets.seal(opened, formerSecret.context({ id })),
              formerUntil: new Date(ctx.now().getTime() + formerHours * hourMs),
            };
      await ctx.db
        .updateTable("webhooks_endpoint")
        .set({ ...former, ...this.#sealedSecret(id, secret) })
        .where("id", "=", id)
        .execute();
    });
    return { ...(await this.#one(ctx, id)), secret };
  }

  /** @throws Fault `kit.not_found` */
  async delete(ctx: Ctx, { endpointId: id }: Flat<typeof webhooks.deleteEndpoint>): Promise<void> {
    await ctx.tx(async (ctx) => {
      await ctx.db.deleteFrom("webhooks_health").where("endpointId", "=", id).execute();
      await lockEndpoints(ctx);
      await this.row(ctx, id);
      await ctx.db.deleteFrom("webhooks_endpoint").where("id", "=", id).execute();
      await this.#listen(ctx);
      await ctx.enqueue(forgetDeliveries, { endpointId: id });
    });
  }

  /** Switches off what nobody takes any more, and tells those who may see it. */
  async disable(ctx: TxCtx, id: string, because: "gone" | "failing"): Promise<void> {
    await lockEndpoints(ctx);
    const row = await ctx.db
      .updateTable("webhooks_endpoint")
      .set({ enabled: false, disabledBecause: because, disabledAt: ctx.now() })
      .where("id", "=", id)
      .where("enabled", "=", true)
      .returning("name")
      .executeTakeFirst();
    if (row === undefined) return;
    await this.#listen(ctx);
    await this.notifications.notify(
      ctx,
      endpointDisabled,
      { name: row.name, because },
      { to: { holdersOf: webhooksRead }, key: id, renewedBy: ctx.now() },
    );
  }

  /** @throws Fault `kit.not_found` */
  async row(ctx: Ctx, id: string, lock?: "share" | "update"): Promise<EndpointRow> {
    return ctx.db
      .selectFrom("webhooks_endpoint")
      .selectAll()
      .where("id", "=", id)
      .$if(lock === "share", (rows) => rows.forShare())
      .$if(lock === "update", (rows) => rows.forUpdate())
      .executeTakeFirstOrThrow(() => notFound());
  }

  /** What signs at this moment, the newest first. */
  secretsOf({ id, secretSealed, formerSealed, formerUntil }: EndpointRow, now: Date): string[] {
    const { secrets } = this.runtime;
    const former =
      formerSealed !== null && formerUntil !== null && formerUntil > now
        ? [secrets.open(formerSealed, formerSecret.context({ id }))]
        : [];
    return [secrets.open(secretSealed, signingSecret.context({ id })), ...former];
  }

  headersOf({ id, headersSealed }: EndpointRow): Headers {
    if (headersSealed === null) return [];
    return JSON.parse(this.runtime.secrets.open(headersSealed, customHeaders.context({ id }))) as Headers;
  }

  /** What endpoints are called, by their ids. */
  async names(ctx: Ctx, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (ids.length === 0) return new Map();
    const rows = await ctx.db.selectFrom("webhooks_endpoint").select(["id", "name"]).where("id", "in", ids).execute();
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  /** Tells the kit which events anybody of the tenant wants: others make no task. */
  async #listen(ctx: TxCtx): Promise<void> {
    const wanted = await ctx.db
      .selectFrom("webhooks_endpoint")
      .select(sql<string>`unnest(events)`.as("name"))
      .distinct()
      .where("enabled", "=", true)
      .execute();
    await this.runtime.listen(
      ctx,
      fanOutHandler,
      wanted.map(({ name }) => name),
    );
  }

  /** @throws Fault `webhooks.unknown_event`, `webhooks.header_reserved`, `webhooks.address_…` */
  async #checked<Fields extends Given>(given: Fields): Promise<Fields> {
    const published = new Set(this.runtime.publishedEvents.map(({ name }) => name));
    const unknown = given.events?.find((name) => !published.has(name));
    if (unknown !== undefined) throw unknownEvent({ name: unknown, errors: [{ field: "events" }] });
    const reserved = given.ownHeaders?.find(({ name }) => isReserved(name));
    if (reserved !== undefined) throw headerReserved({ name: reserved.name, errors: [{ field: "ownHeaders" }] });
    if (given.url !== undefined) await this.#demandAllowed(given.url);
    return given;
  }

  /** A name that isn't known today may be known tomorrow; one that leads inside is told at once. */
  async #demandAllowed(text: string): Promise<void> {
    const errors = [{ field: "url" }];
    if (!URL.canParse(text)) throw badAddress.scheme({ errors });
    const url = new URL(text);
    try {
      this.egress.assertUrl(url);
      await Promise.race([this.egress.addressesOf(url), aMoment()]);
    } catch (error) {
      if (!(error instanceof Refused)) return;
      const { reason } = error;
      if (reason === "port") throw badAddress.port({ port: portOf(url), errors });
      if (reason === "address") throw badAddress.address({ host: url.hostname, errors });
      throw badAddress[reason]({ errors });
    }
  }

  #sealedSecret(id: string, secret: string) {
    return {
      secretSealed: this.runtime.secrets.seal(secret, signingSecret.context({ id })),
      secretHint: hintOf(secret),
    };
  }

  /** A header without a value keeps the one that it has. @throws Fault `webhooks.header_empty` */
  #sealedHeaders(id: string, given: Headers, before: Headers) {
    const kept = new Map(before.map(({ name, value }) => [name.toLowerCase(), value]));
    // Of two that are the same to HTTP the later holds.
    const headers = new Map<string, { name: string; value: string }>();
    for (const { name, value: said } of given) {
      const value = said === "" ? (kept.get(name.toLowerCase()) ?? "") : said;
      if (value === "") throw headerEmpty({ name, errors: [{ field: "ownHeaders" }] });
      headers.set(name.toLowerCase(), { name, value });
    }
    const all = [...headers.values()];
    const text = all.length === 0 ? null : JSON.stringify(all);
    return {
      headersSealed: text && this.runtime.secrets.seal(text, customHeaders.context({ id })),
      headerNames: all.map(({ name }) => name),
    };
  }

  async #one(ctx: Ctx, id: string): Promise<View> {
    const row = await endpointRows(ctx).where("endpoint.id", "=", id).executeTakeFirst();
    const [shown] = row === undefined ? [] : await this.#shown(ctx, [row]);
    if (shown === undefined) throw notFound();
    return shown;
  }

  async #shown(ctx: Ctx, rows: readonly ListRow[]): Promise<View[]> {
    const since = firstIdAt(new Date(ctx.now().getTime() - dayMs));
    const figures = await ctx.sql<{ id: string; good: number; all: number; waiting: number }>`
      SELECT endpoint.id, tried.*, waits.* FROM unnest(${rows.map(({ id }) => id)}::uuid[]) AS endpoint(id),
        LATERAL (SELECT count(*) FILTER (WHERE ok) AS good, count(*) AS all FROM (
          SELECT ok FROM webhooks_attempt WHERE endpoint_id = endpoint.id AND id >= ${since}
          ORDER BY id DESC LIMIT ${attemptsCounted}) last) tried,
        LATERAL (SELECT count(*) AS waiting FROM (
          SELECT FROM webhooks_delivery WHERE endpoint_id = endpoint.id AND state IN ('waiting', 'paused')
          LIMIT ${waitingCounted + 1}) counted) waits`;
    const of = new Map(figures.map((each) => [each.id, each]));
    return rows.map((row) => {
      const { good = 0, all = 0, waiting = 0 } = of.get(row.id) ?? {};
      return {
        ...row,
        formerUntil: row.formerUntil !== null && row.formerUntil > ctx.now() ? row.formerUntil : null,
        successPercent: all === 0 ? null : Math.floor((100 * good) / all),
        waiting,
      };
    });
  }
}

type ListRow = Awaited<ReturnType<ReturnType<typeof endpointRows>["execute"]>>[number];

function endpointRows(ctx: Ctx) {
  const state = sql<View["state"]>`CASE WHEN NOT endpoint.enabled THEN 'disabled'
    WHEN health.failing_since IS NOT NULL THEN 'failing' ELSE 'active' END`;
  return ctx.db
    .selectFrom("webhooks_endpoint as endpoint")
    .innerJoin("webhooks_health as health", "health.endpointId", "endpoint.id")
    .selectAll("endpoint")
    .select(["health.lastSuccessAt", "health.failingSince", state.as("state")]);
}

/** Endpoints of a tenant are changed one after the other: what it listens to is what all of them want together. */
async function lockEndpoints(ctx: TxCtx): Promise<void> {
  await ctx.lock("webhooks", "endpoints");
}

async function resetHealth(ctx: TxCtx, endpointId: string): Promise<void> {
  await ctx.db
    .updateTable("webhooks_health")
    .set({ failingSince: null, failures: 0, heldUntil: null })
    .where("endpointId", "=", endpointId)
    .execute();
}

/** Whom an address leads to. */
function originOf(url: string): string {
  return new URL(url).origin;
}

/** Whoever fills in a form doesn't wait longer for a name to be looked up: each delivery asks again. */
function aMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 3_000).unref());
}
