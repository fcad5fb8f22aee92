import { Injectable } from "@nestjs/common";
import type { PayloadOf } from "@zhanggui/kit/contract/event";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { NotificationKind } from "@zhanggui/kit/contract/notification";
import type { Permission } from "@zhanggui/kit/contract/permission";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Declarations } from "@zhanggui/kit/server/declarations";
import { listOf } from "@zhanggui/kit/server/list";
import type { EventMeta } from "@zhanggui/kit/server/events";
import { sql } from "kysely";
import type { accessInvitationAccepted, accountImpersonated } from "../access/access.events.ts";
import { Rights } from "../access/rights.ts";
import { mostUnread, notifications } from "./notifications.contract.ts";
import { impersonated, invitationAccepted } from "./notifications.notifications.ts";

type Choice = Out<typeof notifications.choose>;
/** Stored payloads are parsed before they are told. */
type Kind = NotificationKind<unknown>;
/** A tenant with more people of one right tells the first of them. */
const mostTold = 500;

export interface NotifyOptions {
  readonly to: { readonly accountIds: readonly string[] } | { readonly holdersOf: Permission } | "everybody";
  /** What it is about: the same is told once to each. */
  readonly key: string;
  /** It goes on: whoever was told before this moment is told anew, in place of the first. */
  readonly renewedBy?: Date;
}

/** What people of a tenant are told, each in their language. */
@Injectable()
export class NotificationsService {
  readonly #kinds: ReadonlyMap<string, Kind>;

  constructor(
    private readonly rights: Rights,
    declarations: Declarations,
  ) {
    this.#kinds = new Map(declarations.notifications.map((kind) => [kind.name, kind]));
  }

  /** Tells accounts of something, if and only if the transaction commits; not those who don't want to hear of it. */
  async notify<Payload>(
    ctx: TxCtx,
    kind: NotificationKind<Payload>,
    payload: NoInfer<Payload>,
    { to, key, renewedBy }: NotifyOptions,
  ): Promise<void> {
    if (!this.#kinds.has(kind.name)) throw new Error(`no module lists ${kind.name} under \`notifies\``);
    const ids = await this.#idsOf(ctx, to);
    if (ids.length === 0) return;
    const told = JSON.stringify(kind.payload.parse(payload));
    const known =
      renewedBy === undefined
        ? sql`DO NOTHING`
        : sql`DO UPDATE SET payload = ${told}, at = zg_now(), read_at = NULL
            WHERE notifications_notice.at < ${renewedBy}`;
    await sql`
      INSERT INTO notifications_notice (account_id, kind, key, payload)
      SELECT account, ${kind.name}, ${key}, ${told}::jsonb FROM unnest(${ids.toSorted()}::uuid[]) AS account
      WHERE NOT EXISTS (SELECT FROM notifications_unwanted u WHERE u.account_id = account AND u.kind = ${kind.name})
      ON CONFLICT ON CONSTRAINT notifications_notice_once ${known}`.execute(ctx.db);
  }

  async #idsOf(ctx: Ctx, to: NotifyOptions["to"]): Promise<readonly string[]> {
    if (to === "everybody") return this.rights.everybody(ctx, mostTold);
    return "accountIds" in to ? to.accountIds : this.rights.holdersOf(ctx, to.holdersOf, mostTold);
  }

  list(ctx: Ctx, query: Flat<typeof notifications.list>): Promise<Out<typeof notifications.list>> {
    return listOf(ctx, notifications.list, query, this.#own(ctx).selectAll(), {
      filters: { isRead: (rows, isRead) => rows("item.readAt", isRead ? "is not" : "is", null) },
      present: (rows) =>
        rows.map(({ id, kind: name, payload: stored, at, readAt }) => {
          const kind = this.#kinds.get(name);
          const payload = kind?.payload.safeParse(stored);
          const label = kind?.label ?? { zh: name, en: name };
          const isKnown = kind !== undefined && payload?.success === true;
          return {
            id,
            // One that an earlier version told otherwise says at least what it was about.
            title: isKnown ? kind.title(payload.data) : label,
            link: isKnown ? kind.link(payload.data) : "/notifications",
            kind: label,
            importance: kind?.importance ?? "normal",
            isRead: readAt !== null,
            at,
          };
        }),
    });
  }

  async figures(ctx: Ctx): Promise<Out<typeof notifications.getFigures>> {
    const rows = await this.#own(ctx)
      .select("id")
      .where("readAt", "is", null)
      .limit(mostUnread + 1)
      .execute();
    return { unread: Math.min(rows.length, mostUnread), isMore: rows.length > mostUnread };
  }

  async read(ctx: Ctx, { ids }: Flat<typeof notifications.read>): Promise<{ read: number }> {
    const { numUpdatedRows } = await unread(ctx).where("id", "in", ids).executeTakeFirst();
    return { read: Number(numUpdatedRows) };
  }

  async readAll(ctx: Ctx, { until }: Flat<typeof notifications.readAll>): Promise<{ read: number }> {
    const { numUpdatedRows } = await unread(ctx).where("at", "<=", new Date(until)).executeTakeFirst();
    return { read: Number(numUpdatedRows) };
  }

  async kinds(ctx: Ctx): Promise<Choice[]> {
    const rows = await ctx.db
      .selectFrom("notifications_unwanted")
      .select("kind")
      .where("accountId", "=", ctx.actor.id)
      .execute();
    const unwanted = new Set(rows.map(({ kind }) => kind));
    return this.#readable(ctx).map((kind) => choiceOf(kind, !unwanted.has(kind.name)));
  }

  /** @throws Fault `kit.not_found` for a kind that the caller isn't told of anyway */
  async choose(ctx: Ctx, { kind: name, isWanted }: Flat<typeof notifications.choose>): Promise<Choice> {
    const kind = this.#readable(ctx).find((each) => each.name === name);
    if (kind === undefined) throw notFound();
    const { id: accountId } = ctx.actor;
    if (isWanted) {
      const unwanted = ctx.db.deleteFrom("notifications_unwanted").where("accountId", "=", accountId);
      await unwanted.where("kind", "=", name).execute();
    } else {
      await ctx.db
        .insertInto("notifications_unwanted")
        .values({ accountId, kind: name })
        .onConflict((on) => on.doNothing())
        .execute();
    }
    return choiceOf(kind, isWanted);
  }

  async noteAccepted(
    ctx: TxCtx,
    { accountName, issuedBy }: PayloadOf<typeof accessInvitationAccepted>,
    { eventId }: EventMeta,
  ): Promise<void> {
    if (issuedBy === null) return;
    await this.notify(ctx, invitationAccepted, { accountName }, { to: { accountIds: [issuedBy] }, key: eventId });
  }

  async noteImpersonated(
    ctx: TxCtx,
    { accountId, sessionId, impersonatorName: by, reason }: PayloadOf<typeof accountImpersonated>,
  ): Promise<void> {
    await this.notify(ctx, impersonated, { by, reason }, { to: { accountIds: [accountId] }, key: sessionId });
  }

  /** Of what they may still see. */
  #own(ctx: Ctx) {
    const names = this.#readable(ctx).map(({ name }) => name);
    return ctx.db
      .selectFrom("notifications_notice")
      .where("accountId", "=", ctx.actor.id)
      .where(sql<boolean>`kind = ANY (${names})`);
  }

  #readable({ actor }: Ctx): Kind[] {
    return [...this.#kinds.values()].filter(({ needs }) => needs === undefined || actor.permissions.has(needs.code));
  }
}

function choiceOf({ name, label, importance }: Kind, isWanted: boolean): Choice {
  return { name, label, importance, isWanted };
}

function unread(ctx: Ctx) {
  return ctx.db
    .updateTable("notifications_notice")
    .set({ readAt: ctx.now() })
    .where("accountId", "=", ctx.actor.id)
    .where("readAt", "is", null);
}
