import { Injectable } from "@nestjs/common";
import type { PayloadOf } from "@zhanggui/kit/contract/event";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { outcomeOfWrite } from "@zhanggui/wechat/client";
import { sessionOfCode } from "@zhanggui/wechat/calls/mini-program";
import { sendSubscribeMessage } from "@zhanggui/wechat/calls/subscribe-messages";
import { WechatError } from "@zhanggui/wechat/transport";
import { sql } from "kysely";
import { Tenants } from "../../foundation/access/tenants.ts";
import { AudienceService } from "../audience/audience.service.ts";
import { Contacts } from "../audience/contacts.ts";
import { Timeline } from "../audience/timeline.ts";
import { Apps } from "../connect/apps.ts";
import { faultOf, WechatClients } from "../connect/clients.ts";
import type { subscriptionsAnswered, subscriptionsSent } from "../connect/connect.events.ts";
import { type Openid, openidKey } from "../connect/openid.ts";
import { templateKey, TemplatesService } from "../templates/templates.service.ts";
import { type Answer, Grants, type Settlement } from "./grants.ts";
import { grantRefused, noGrant, openidUnknown, subscriptions } from "./subscriptions.contract.ts";

/** A sending takes seconds: what was reserved an hour ago, nobody will settle any more. */
const lostAfterMs = 3_600_000;
const entriesShown = 200;
/** What WeChat answers where there is no consent (subscribe-message/sendMessage, read 2026-11). */
const noConsent = 43101;
type SubscriptionRow = Awaited<ReturnType<ReturnType<typeof grantRows>["executeTakeFirstOrThrow"]>>;

/** Consents to subscription messages: taken in, shown, tried. */
@Injectable()
export class SubscriptionsService {
  constructor(
    private readonly grants: Grants,
    private readonly apps: Apps,
    private readonly clients: WechatClients,
    private readonly templates: TemplatesService,
    private readonly people: AudienceService,
    private readonly contacts: Contacts,
    private readonly timeline: Timeline,
    private readonly tenants: Tenants,
  ) {}

  list(ctx: Ctx, query: Flat<typeof subscriptions.list>): Promise<Out<typeof subscriptions.list>> {
    return listOf(ctx, subscriptions.list, query, grantRows(ctx), { present: (rows) => this.#shown(ctx, rows) });
  }

  /** Of each template; those that nobody has answered yet aren't told of. */
  async reach(ctx: Ctx): Promise<Out<typeof subscriptions.reach>["items"]> {
    const rows = await ctx.sql<{
      wechatAppId: string;
      templateId: string;
      people: number;
      remaining: number;
      refused: number;
      lasting: boolean;
    }>`
      SELECT wechat_app_id, template_id, count(*) FILTER (WHERE state = 'open')::int AS people,
        coalesce(sum(remaining) FILTER (WHERE state = 'open'), 0)::int AS remaining,
        count(*) FILTER (WHERE state = 'refused')::int AS refused, bool_or(lasting) AS lasting
      FROM subscriptions_grant GROUP BY wechat_app_id, template_id
      ORDER BY people DESC, template_id`;
    const known = await this.templates.known(ctx, rows);
    const named = await this.apps.namedIn(ctx, rows);
    return named.map((row) => ({ ...row, title: known.get(templateKey(row))?.title ?? row.templateId }));
  }

  /** @throws Fault `kit.not_found` */
  async entries(ctx: Ctx, { subscriptionId }: Flat<typeof subscriptions.entries>) {
    await this.#demand(ctx, subscriptionId);
    return ctx.db
      .selectFrom("subscriptions_entry")
      .selectAll()
      .where("grantId", "=", subscriptionId)
      .orderBy("id", "desc")
      .limit(entriesShown)
      .execute();
  }

  /** @throws Fault `kit.not_found` */
  async ofPerson(ctx: Ctx, { personId }: Flat<typeof subscriptions.ofPerson>) {
    const openids = await this.#openidsOf(ctx, personId);
    if (openids.length === 0) return [];
    const rows = await grantRows(ctx)
      .where("openid", "in", [...new Set(openids.map(({ openid }) => openid))])
      .orderBy("changedAt", "desc")
      .orderBy("id")
      .execute();
    const own = new Set(openids.map(openidKey));
    return this.#shown(
      ctx,
      rows.filter((row) => own.has(openidKey(row))),
    );
  }

  /**
   * Tries a template on somebody. The consent is taken, and that is committed, before WeChat is called; what may have
   * gone out counts as used.
   *
   * @throws Fault `kit.not_found`, `subscriptions.none_left`, `subscriptions.refused`, `connect.*`
   */
  async send(ctx: Ctx, { subscriptionId, data, page }: Flat<typeof subscriptions.send>) {
    const { wechatAppId, openid, templateId } = await this.#demand(ctx, subscriptionId);
    const client = await this.clients.of(ctx, wechatAppId);
    const key = { wechatAppId, openid, templateId };
    const reserved = await ctx.tx((ctx) => this.grants.reserve(ctx, key, `try:${ctx.traceId}`));
    if (reserved.reservationId === null) throw reserved.because === "none" ? noGrant() : grantRefused();
    const { reservationId } = reserved;
    const settle = (settlement: Settlement) => ctx.tx((ctx) => this.grants.settle(ctx, reservationId, settlement));
    try {
      const { msgId } = await client.call(sendSubscribeMessage, { openid, templateId, data, page });
      await settle({ outcome: "used", msgId });
      return { outcome: "sent" as const, msgId: msgId ?? null };
    } catch (error) {
      const settlement = settlementOf(error);
      await settle(settlement);
      if (settlement.outcome === "unknown") return { outcome: "unknown" as const, msgId: null };
      throw faultOf(error) ?? error;
    }
  }

  /** @throws Fault `kit.not_found`, `subscriptions.openid_unknown`, `connect.*` */
  async report(ctx: Ctx, said: Flat<typeof subscriptions.report>): Promise<Out<typeof subscriptions.report>> {
    const { wechatAppId, dialogueId, answers, secondsAgo, code } = said;
    const openid = code === undefined ? await this.#ownOpenid(ctx, wechatAppId) : await this.#openidBy(ctx, said, code);
    const at = new Date(ctx.now().getTime() - secondsAgo * 1000);
    const given = Object.entries(answers).flatMap(([templateId, word]) => {
      const answer = word.startsWith("accept")
        ? ("accept" as const)
        : word === "reject"
          ? ("reject" as const)
          : undefined;
      return answer === undefined ? [] : [{ templateId, answer }];
    });
    const noted = await ctx.tx((ctx) =>
      this.#take(ctx, { wechatAppId, openid }, given, { source: "report", key: `report:${dialogueId}`, at }),
    );
    return { noted };
  }

  /** Once per push, in the order of each person's. */
  async takeAnswers(ctx: TxCtx, told: PayloadOf<typeof subscriptionsAnswered>): Promise<void> {
    const { wechatAppId, openid, inboundId, where, answers } = told;
    const about = { source: where, key: `${where}:${inboundId}`, at: new Date(told.sentAt) } as const;
    await this.#take(ctx, { wechatAppId, openid }, answers, about);
  }

  async takeOutcomes(ctx: TxCtx, told: PayloadOf<typeof subscriptionsSent>): Promise<void> {
    const { wechatAppId, openid, sent } = told;
    for (const { templateId, msgId, errorCode } of sorted(sent))
      await this.grants.outcome(
        ctx,
        { wechatAppId, openid, templateId },
        { msgId, errorCode, at: new Date(told.sentAt) },
      );
  }

  /** Each hour: what a process that died had reserved counts as used. */
  settleLost(): Promise<void> {
    return this.tenants.each((ctx) => this.grants.settleLost(ctx, new Date(ctx.now().getTime() - lostAfterMs)));
  }

  /** The person is locked first, then their grants in the order of templates. Returns how many were news. */
  async #take(
    ctx: TxCtx,
    openid: Openid,
    answers: readonly { readonly templateId: string; readonly answer: "accept" | "reject" }[],
    about: Pick<Answer, "source" | "key" | "at">,
  ): Promise<number> {
    if (answers.length === 0) return 0;
    const personId = await this.contacts.ofOpenid(ctx, openid);
    const news: { templateId: string; answer: "accept" | "reject" }[] = [];
    for (const { templateId, answer } of sorted(answers))
      if (await this.grants.answer(ctx, { ...openid, templateId }, { ...about, answer }))
        news.push({ templateId, answer });
    const known = await this.templates.known(
      ctx,
      news.map(({ templateId }) => ({ ...openid, templateId })),
    );
    for (const [kind, answer] of [
      ["subscribed", "accept"],
      ["unsubscribed", "reject"],
    ] as const) {
      const titles = news
        .filter((each) => each.answer === answer)
        .map(({ templateId }) => known.get(templateKey({ ...openid, templateId }))?.title ?? templateId);
      // Whoever refuses a dialogue just goes on with what they were doing.
      if (titles.length === 0 || (answer === "reject" && about.source !== "settings")) continue;
      await this.timeline.note(ctx, personId, kind, { templates: titles.join("、"), count: titles.length });
    }
    return news.length;
  }

  async #demand(ctx: Ctx, id: string): Promise<SubscriptionRow> {
    const row = await grantRows(ctx).where("id", "=", id).executeTakeFirst();
    if (row === undefined) throw notFound();
    return row;
  }

  async #openidsOf(ctx: Ctx, personId: string): Promise<Openid[]> {
    const { identities } = await this.people.get(ctx, { personId });
    return identities.flatMap(({ kind, value, wechatAppId }) =>
      kind === "openid" && wechatAppId !== null ? [{ wechatAppId, openid: value }] : [],
    );
  }

  /** The latest by which that app knows whoever is signed in. */
  async #ownOpenid(ctx: Ctx, wechatAppId: string): Promise<string> {
    await this.clients.of(ctx, wechatAppId);
    const own = (await this.#openidsOf(ctx, ctx.actor.id)).findLast((each) => each.wechatAppId === wechatAppId);
    if (own === undefined) throw openidUnknown();
    return own.openid;
  }

  /** A code of wx.login is proof: only that phone has it, once. */
  async #openidBy(ctx: Ctx, { wechatAppId }: { readonly wechatAppId: string }, code: string): Promise<string> {
    const app = await this.apps.bound(ctx, wechatAppId);
    const request = { appId: app.appId, secret: this.apps.secret(app), code };
    const { openid } = await this.clients.ask(ctx, wechatAppId, (client) => client.call(sessionOfCode, request));
    return openid;
  }

  async #shown(ctx: Ctx, rows: readonly SubscriptionRow[]) {
    const [known, behind, named] = [
      await this.templates.known(ctx, rows),
      await this.people.behind(ctx, rows),
      await this.apps.namedIn(ctx, rows),
    ];
    return named.map((row) => {
      const [template, person] = [known.get(templateKey(row)), behind.get(openidKey(row))];
      return {
        ...row,
        template: template?.title ?? row.templateId,
        fields: template?.fields ?? [],
        person: person === undefined ? null : { id: person.personId, name: person.displayName },
      };
    });
  }
}

function grantRows(ctx: Ctx) {
  return ctx.db
    .selectFrom("subscriptions_grant")
    .select(["id", "wechatAppId", "openid", "templateId", "remaining", "used", "lasting", "answeredAt", "changedAt"])
    .select(sql<"open" | "spent" | "refused">`state`.as("state"));
}

/** In one order everywhere, so that two who lock several never wait for each other. */
function sorted<Each extends { readonly templateId: string }>(all: readonly Each[]): Each[] {
  return all.toSorted((a, b) => (a.templateId < b.templateId ? -1 : 1));
}

/** What a failed sending means for the consent that was taken. */
export function settlementOf(error: unknown): Settlement {
  if (error instanceof WechatError && error.errcode === noConsent)
    return { outcome: "refused", code: String(noConsent) };
  const code = error instanceof WechatError ? String(error.errcode) : "unreachable";
  return outcomeOfWrite(error) === "not_done" ? { outcome: "returned", code } : { outcome: "unknown", code: "unknown" };
}
