import { Injectable } from "@nestjs/common";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { sql, type Insertable, type Selectable } from "kysely";
import { SettingsService } from "../../foundation/settings/settings.service.ts";
import type { Openid } from "../connect/openid.ts";
import { TemplatesService } from "../templates/templates.service.ts";
import { sameDialogueSeconds } from "./subscriptions.settings.ts";
import type { SubscriptionsTables } from "./subscriptions.tables.ts";

/** Whose consent to which template. */
export interface GrantKey extends Openid {
  readonly templateId: string;
}
export interface Answer {
  readonly answer: "accept" | "reject";
  readonly source: "dialogue" | "report" | "settings";
  /** What tells this answer from others: one that comes again changes nothing. */
  readonly key: string;
  readonly at: Date;
}
export type Reservation =
  | { readonly reservationId: string; readonly isRepeat: boolean }
  /** `none`: nothing is left, or never was; `refused`: they want no messages of it. */
  | { readonly reservationId: null; readonly because: "none" | "refused" };
/**
 * What became of what was reserved. `returned`: it certainly didn't go out; `unknown`: it may have, and counts as used;
 * `refused`: WeChat says that there is no consent (43101).
 */
export type Settlement =
  | { readonly outcome: "used"; readonly msgId: string | undefined }
  | { readonly outcome: "unknown" | "returned" | "refused"; readonly code: string };

type Row = Selectable<SubscriptionsTables["subscriptions_grant"]>;
type Entry = Insertable<SubscriptionsTables["subscriptions_entry"]>;
type Change = Partial<
  Pick<Row, "remaining" | "held" | "used" | "lasting" | "refusing" | "refusedAt" | "oldestAt" | "answeredAt">
>;

/** WeChat's code where somebody refused, or has accepted no more than was sent. */
const noConsent = "43101";

/**
 * The ledger of consents to subscription messages. Each change is an entry, written under the lock of its grant, whose
 * counters are the entries' sum; what comes twice meets its entry's key, and what comes late counts by when it
 * happened.
 */
@Injectable()
export class Grants {
  constructor(
    private readonly settings: SettingsService,
    private readonly templates: TemplatesService,
  ) {}

  /** @returns whether it was news: no repeat, and no dialogue that is known already */
  async answer(ctx: TxCtx, key: GrantKey, said: Answer): Promise<boolean> {
    const grant = await this.#locked(ctx, key);
    if (await hasEntry(ctx, grant, said.key)) return false;
    const { answer, source, at } = said;
    const answeredAt = latest(grant.answeredAt, at);
    const about = { key: said.key, source, at };
    const twin = source === "settings" ? undefined : await this.#twin(ctx, grant, said);
    if (twin !== undefined) {
      await this.#write(ctx, grant, { ...about, kind: "confirmed", amount: 0, ofId: twin }, { answeredAt });
      return false;
    }
    if (answer === "reject") {
      const isLast = grant.answeredAt === null || grant.answeredAt <= at;
      const lasting = grant.lasting && !isLast;
      const now = await this.#write(ctx, grant, { ...about, kind: "rejected", amount: 0 }, { answeredAt, lasting });
      // A dialogue that is refused gives nothing, and takes nothing that was given before.
      if (source === "settings") await this.#revoke(ctx, now, at, { refusing: isLast, source });
      return true;
    }
    const isVoid = grant.refusedAt !== null && at <= grant.refusedAt;
    const lasts = await this.templates.lasts(ctx, key);
    const change: Change = { answeredAt, remaining: grant.remaining + (lasts ? 0 : 1) };
    if (lasts) change.lasting = !isVoid;
    else change.oldestAt = grant.oldestAt === null || at < grant.oldestAt ? at : grant.oldestAt;
    if (!isVoid) change.refusing = false;
    const now = await this.#write(ctx, grant, { ...about, kind: "granted", amount: lasts ? 0 : 1 }, change);
    // It was accepted before they refused, and only told now.
    if (isVoid && !lasts) await this.#take(ctx, now, 1, { key: `void:${said.key}`, source, at });
    return true;
  }

  /**
   * Takes one message's right before it is sent, in a transaction that commits before WeChat is called. Of any number
   * at once, no more get one than there are.
   *
   * @param purpose what it is for: the same again gets the same reservation
   */
  async reserve(ctx: TxCtx, key: GrantKey, purpose: string): Promise<Reservation> {
    const grant = await this.#find(ctx, key);
    if (grant === undefined) return { reservationId: null, because: "none" };
    const before = await entryOf(ctx, grant, `send:${purpose}`);
    if (before !== undefined) return { reservationId: before.id, isRepeat: true };
    if (grant.refusing) return { reservationId: null, because: "refused" };
    if (!grant.lasting && grant.remaining < 1) return { reservationId: null, because: "none" };
    const amount = grant.lasting ? 0 : -1;
    const at = ctx.now();
    await this.#write(
      ctx,
      grant,
      { key: `send:${purpose}`, kind: "reserved", amount, source: "sending", at },
      { remaining: grant.remaining + amount, held: grant.held + 1 },
    );
    // Its id is the database's as all others' are: the ledger is told in their order.
    const written = await entryOf(ctx, grant, `send:${purpose}`);
    if (written === undefined) throw new Error("a reservation that was just written isn't there");
    return { reservationId: written.id, isRepeat: false };
  }

  /** Says what became of a reservation; only the first word counts. */
  async settle(ctx: TxCtx, reservationId: string, settlement: Settlement): Promise<void> {
    const found = await ctx.db
      .selectFrom("subscriptions_entry")
      .select("grantId")
      .where("id", "=", reservationId)
      .where("kind", "=", "reserved")
      .executeTakeFirst();
    if (found === undefined) throw new Error(`nothing was reserved as ${reservationId}`);
    const grant = await lockById(ctx, found.grantId);
    const key = `settled:${reservationId}`;
    if (await hasEntry(ctx, grant, key)) return;
    const reserved = await ctx.db
      .selectFrom("subscriptions_entry")
      .selectAll()
      .where("id", "=", reservationId)
      .executeTakeFirstOrThrow();
    const msgId = settlement.outcome === "used" ? (settlement.msgId ?? null) : null;
    const code = settlement.outcome === "used" ? null : settlement.code;
    const about = { key, source: "sending", ofId: reservationId, msgId, code, at: ctx.now() } as const;
    const held = grant.held - 1;
    if (settlement.outcome === "used" || settlement.outcome === "unknown") {
      await this.#write(ctx, grant, { ...about, kind: "used", amount: 0 }, { held, used: grant.used + 1 });
      return;
    }
    if (settlement.outcome === "refused") {
      const now = await this.#write(ctx, grant, { ...about, kind: "revoked", amount: 0 }, { held, lasting: false });
      await this.#revoke(ctx, now, reserved.at, { refusing: false, source: "wechat" });
      return;
    }
    const amount = -reserved.amount;
    const oldestAt = amount > 0 && grant.remaining === 0 ? reserved.at : grant.oldestAt;
    const change = { held, remaining: grant.remaining + amount, oldestAt };
    // As if it had never been taken: a refusal that is told later is about what was there then.
    const entry = { ...about, kind: "returned", amount, at: reserved.at } as const;
    const now = await this.#write(ctx, grant, entry, change);
    // They have refused since: what comes back is void.
    const isVoid = grant.refusedAt !== null && reserved.at <= grant.refusedAt;
    const { at } = about;
    if (isVoid && amount > 0) await this.#take(ctx, now, 1, { key: `void:${key}`, source: "settings", at });
  }

  /**
   * WeChat's word on a message: whether it arrived. A failure is "of the system" and not explained; what was used stays
   * used, so that never more is sent than was accepted. Source: subscribe-message guide, SubscribeMsgSentEvent.
   */
  async outcome(
    ctx: TxCtx,
    key: GrantKey,
    { msgId, errorCode, at }: { readonly msgId: string; readonly errorCode: string; readonly at: Date },
  ): Promise<void> {
    const grant = await this.#locked(ctx, key);
    const isGood = errorCode === "0" || errorCode === "";
    const about = { key: `outcome:${msgId}`, source: "wechat", msgId, code: isGood ? null : errorCode, at } as const;
    if (await hasEntry(ctx, grant, about.key)) return;
    const now = await this.#write(ctx, grant, { ...about, kind: isGood ? "delivered" : "failed", amount: 0 }, {});
    if (errorCode === noConsent) await this.#revoke(ctx, now, at, { refusing: false, source: "wechat" });
  }

  /** What was reserved before then, and never heard of again: it may have gone out, so it counts as used. */
  async settleLost(ctx: Ctx, before: Date): Promise<void> {
    for (let seen = 1_000; seen === 1_000;) {
      const lost = await ctx.db
        .selectFrom("subscriptions_entry as entry")
        .innerJoin("subscriptions_grant as grant", "grant.id", "entry.grantId")
        .select("entry.id")
        .where("grant.held", ">", 0)
        .where("entry.kind", "=", "reserved")
        .where("entry.at", "<", before)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom("subscriptions_entry as settled")
                .select("settled.id")
                .whereRef("settled.ofId", "=", "entry.id"),
            ),
          ),
        )
        .limit(1_000)
        .execute();
      for (const { id } of lost) await ctx.tx((ctx) => this.settle(ctx, id, { outcome: "unknown", code: "unknown" }));
      seen = lost.length;
    }
  }

  /** What was accepted until then and is still there is void. What was used meanwhile was of later consents. */
  async #revoke(
    ctx: TxCtx,
    grant: Row,
    at: Date,
    { refusing, source }: { readonly refusing: boolean; readonly source: "settings" | "wechat" },
  ): Promise<void> {
    const { rows } = await sql<{ balance: number }>`
      SELECT coalesce(sum(amount), 0)::int AS balance FROM subscriptions_entry
      WHERE grant_id = ${grant.id} AND at <= ${at}
    `.execute(ctx.db);
    const there = grant.carried + (rows[0]?.balance ?? 0);
    const gone = Math.max(0, Math.min(grant.remaining, there));
    const refusedAt = latest(grant.refusedAt, at);
    const change = { refusedAt, refusing: grant.refusing || refusing };
    const id = newId(ctx.now());
    if (gone > 0) await this.#take(ctx, grant, gone, { key: `revoked:${id}`, source, at }, change);
    else await update(ctx, grant, change);
  }

  #take(
    ctx: TxCtx,
    grant: Row,
    gone: number,
    about: Pick<Entry, "key" | "source" | "at">,
    change: Change = {},
  ): Promise<Row> {
    const entry = { ...about, kind: "revoked", amount: -gone } as const;
    return this.#write(ctx, grant, entry, { ...change, remaining: grant.remaining - gone });
  }

  /** The same dialogue, as the other side told of it; each stands for one only. */
  async #twin(ctx: TxCtx, grant: Row, { answer, source, at }: Answer): Promise<string | undefined> {
    const spanMs = (await this.settings.get(ctx, sameDialogueSeconds)) * 1000;
    const twin = await ctx.db
      .selectFrom("subscriptions_entry as entry")
      .select("entry.id")
      .where("entry.grantId", "=", grant.id)
      .where("entry.kind", "=", answer === "accept" ? "granted" : "rejected")
      .where("entry.source", "=", source === "dialogue" ? "report" : "dialogue")
      .where("entry.at", ">=", new Date(at.getTime() - spanMs))
      .where("entry.at", "<=", new Date(at.getTime() + spanMs))
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom("subscriptions_entry as told").select("told.id").whereRef("told.ofId", "=", "entry.id"))),
      )
      .orderBy(sql`abs(extract(epoch FROM entry.at - ${at}::timestamptz))`)
      .orderBy("entry.id")
      .executeTakeFirst();
    return twin?.id;
  }

  async #write(ctx: TxCtx, grant: Row, entry: Omit<Entry, "grantId" | "traceId">, change: Change): Promise<Row> {
    await ctx.db
      .insertInto("subscriptions_entry")
      .values({ ...entry, grantId: grant.id, traceId: ctx.traceId })
      .execute();
    return update(ctx, grant, change);
  }

  #find(ctx: TxCtx, { wechatAppId, openid, templateId }: GrantKey): Promise<Row | undefined> {
    return ctx.db
      .selectFrom("subscriptions_grant")
      .selectAll()
      .where("wechatAppId", "=", wechatAppId)
      .where("templateId", "=", templateId)
      .where("openid", "=", openid)
      .forUpdate()
      .executeTakeFirst();
  }

  async #locked(ctx: TxCtx, { wechatAppId, openid, templateId }: GrantKey): Promise<Row> {
    const key = { wechatAppId, openid, templateId };
    const known = await this.#find(ctx, key);
    if (known !== undefined) return known;
    await ctx.db
      .insertInto("subscriptions_grant")
      .values(key)
      .onConflict((on) => on.doNothing())
      .execute();
    const made = await this.#find(ctx, key);
    if (made === undefined) throw new Error("a grant was made and is gone again");
    return made;
  }
}

function latest(one: Date | null, other: Date): Date {
  return one !== null && one > other ? one : other;
}

async function update(ctx: TxCtx, grant: Row, change: Change): Promise<Row> {
  const after = { ...grant, ...change };
  const { remaining, held, used, lasting, refusing, refusedAt, answeredAt } = after;
  const oldestAt = remaining === 0 ? null : after.oldestAt;
  const changed = { remaining, held, used, lasting, refusing, refusedAt, oldestAt, answeredAt, changedAt: ctx.now() };
  await ctx.db.updateTable("subscriptions_grant").set(changed).where("id", "=", grant.id).execute();
  return { ...after, oldestAt };
}

function lockById(ctx: TxCtx, id: string): Promise<Row> {
  const rows = ctx.db.selectFrom("subscriptions_grant").selectAll().where("id", "=", id);
  return rows.forUpdate().executeTakeFirstOrThrow();
}

function entryOf(ctx: TxCtx, { id }: Row, key: string) {
  const rows = ctx.db.selectFrom("subscriptions_entry").select("id");
  return rows.where("grantId", "=", id).where("key", "=", key).executeTakeFirst();
}

async function hasEntry(ctx: TxCtx, grant: Row, key: string): Promise<boolean> {
  return (await entryOf(ctx, grant, key)) !== undefined;
}
