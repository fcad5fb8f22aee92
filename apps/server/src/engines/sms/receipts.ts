import { createHmac, timingSafeEqual } from "node:crypto";
import { Injectable } from "@nestjs/common";
import { addressIn, maskAddress } from "@zhanggui/kit/contract/contact-address";
import type { BytesOut } from "@zhanggui/kit/contract/body";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { firstIdAt } from "@zhanggui/kit/server/queue/event-log";
import { listOf } from "@zhanggui/kit/server/list";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { Receipt, Reply } from "@zhanggui/sms/provider";
import { Tenants } from "../../foundation/access/tenants.ts";
import { type AccountRow, Accounts, providerOf } from "./accounts.ts";
import { explain } from "./internal/words.ts";
import { badPush } from "./faults.contract.ts";
import { sms } from "./sms.contract.ts";
import { attemptPhone } from "./sms.sealed.ts";

/** After so long no network reports any more. */
const noReceiptMs = 72 * 3_600_000;
/** Processes die between the first line of an attempt and its last. */
const lostMs = 10 * 60_000;
const pullMs = 15_000;
const atOnce = 500;
/** What is written in one transaction. */
const together = 50;
/** Texts that one account is asked about in a minute. */
const queriesAtOnce = 50;
/** Pulls of one account at a time: what is left comes with the next minute's. */
const mostPulls = 20;
const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/;

interface Accepted {
  readonly attemptId: string;
  readonly accountId: string;
  readonly providerId: string;
  readonly segments: number | null;
}

/** What networks say of texts: pushed, or fetched where nobody pushes. States only move forward. */
@Injectable()
export class Receipts {
  constructor(
    private readonly accounts: Accounts,
    private readonly tenants: Tenants,
    private readonly runtime: Runtime,
  ) {}

  listAttempts(ctx: Ctx, query: Flat<typeof sms.listAttempts>): Promise<Out<typeof sms.listAttempts>> {
    return listOf(ctx, sms.listAttempts, query, ctx.db.selectFrom("sms_attempt").selectAll(), {
      present: async (rows) => {
        const named = await this.#names(ctx);
        return rows.map((row) => ({
          ...row,
          template: { id: row.templateId, name: named.get(row.templateId) ?? "" },
          account: { id: row.accountId, name: named.get(row.accountId) ?? "" },
          reason: { zh: row.zh, en: row.en },
        }));
      },
    });
  }

  listReplies(ctx: Ctx, query: Flat<typeof sms.listReplies>): Promise<Out<typeof sms.listReplies>> {
    const rows = ctx.db.selectFrom("sms_reply").selectAll().select("at as createdAt");
    return listOf(ctx, sms.listReplies, query, rows, {
      present: async (some) => {
        const named = await this.#names(ctx);
        return some.map((row) => ({ ...row, account: { id: row.accountId, name: named.get(row.accountId) ?? "" } }));
      },
    });
  }

  /** The carrier's number of a text; a receipt that came before it counts now. */
  async accepted(ctx: Ctx, { attemptId, accountId, providerId, segments }: Accepted): Promise<void> {
    await ctx.tx(async (ctx) => {
      await lockText(ctx, accountId, providerId);
      await ctx.db
        .updateTable("sms_attempt")
        .set({ state: "accepted", ...explain("accepted"), providerId, segments, answeredAt: ctx.now() })
        .where("id", "=", attemptId)
        .where("state", "in", ["submitting", "unknown"])
        .execute();
      const early = await ctx.db
        .selectFrom("sms_receipt")
        .selectAll()
        .where("accountId", "=", accountId)
        .where("providerId", "=", providerId)
        .executeTakeFirst();
      if (early === undefined) return;
      await this.#end(ctx, attemptId, early);
      await ctx.db
        .deleteFrom("sms_receipt")
        .where("accountId", "=", accountId)
        .where("providerId", "=", providerId)
        .execute();
    });
  }

  /**
   * What a carrier pushes. Nothing signs it: who knows the address may, and it names one account.
   *
   * @throws Fault `kit.not_found` for an address that is none, `sms.bad_push`
   */
  async push(visitor: Ctx, push: Flat<typeof sms.takePush>): Promise<BytesOut> {
    const { tenantId, accountId, key, bytes } = push;
    const { traceId, signal, actor } = visitor;
    const ctx = this.runtime.ctx(tenantId, { actor, traceId, signal });
    const account = await this.accounts.row(ctx, accountId);
    const [given, own] = [Buffer.from(key), Buffer.from(account.callbackKey)];
    if (given.length !== own.length || !timingSafeEqual(given, own)) throw notFound();
    const provider = providerOf(account.provider);
    const read = provider.readCallback?.(Buffer.from(bytes).toString("utf8"), ctx.now());
    if (read === undefined) throw badPush();
    await this.#takeReceipts(ctx, account, read.receipts);
    await this.#takeReplies(ctx, account, read.replies);
    return { contentType: "application/json; charset=utf-8", body: Buffer.from(provider.taken ?? "") };
  }

  /** By schedule: fetches what wasn't pushed, asks about what nobody knows, ends what nobody will ever tell of. */
  pull(): Promise<void> {
    return this.tenants.each(async (ctx) => {
      const accounts = await ctx.db
        .selectFrom("sms_account")
        .selectAll()
        .where("deletedAt", "is", null)
        .where("enabled", "=", true)
        .execute();
      for (const account of accounts) {
        await this.#pullOf(ctx, account, "receipts");
        await this.#pullOf(ctx, account, "replies");
        await this.#askAbout(ctx, account);
      }
      await this.#giveUp(ctx);
    });
  }

  /** Each apart: a right that one of them lacks loses nothing of the other. */
  async #pullOf(ctx: Ctx, account: AccountRow, what: "receipts" | "replies"): Promise<void> {
    const { provider, access } = this.accounts.access(ctx, account, pullMs);
    try {
      for (let turn = 0; turn < mostPulls; turn += 1) {
        // What was fetched is told only once: it is written before more is asked for.
        if (what === "receipts") {
          const receipts = (await provider.pullReceipts?.(access)) ?? [];
          if (receipts.length === 0) return;
          await this.#takeReceipts(ctx, account, receipts);
        } else {
          const replies = (await provider.pullReplies?.(access)) ?? [];
          if (replies.length === 0) return;
          await this.#takeReplies(ctx, account, replies);
        }
      }
    } catch (error) {
      ctx.log.warn({ err: error, accountId: account.id, what }, "what a carrier has to tell can't be fetched");
    }
  }

  /**
   * Asks about texts that may or may not have been sent, and about those whose receipt only a push would bring. Each a
   * minute after its call, then every ten.
   */
  async #askAbout(ctx: Ctx, account: AccountRow): Promise<void> {
    const { provider, access } = this.accounts.access(ctx, account, pullMs);
    if (provider.query === undefined) return;
    const now = ctx.now().getTime();
    const states = provider.pullReceipts === undefined ? (["unknown", "accepted"] as const) : (["unknown"] as const);
    const due = await ctx.db
      .selectFrom("sms_attempt")
      .select(["id", "phoneSealed", "createdAt"])
      .where("accountId", "=", account.id)
      .where("state", "in", states)
      .where("phoneSealed", "is not", null)
      .where("id", ">=", firstIdAt(new Date(now - noReceiptMs)))
      .where("id", "<", firstIdAt(new Date(now - 60_000)))
      .where(({ eb, or }) => or([eb("askedAt", "is", null), eb("askedAt", "<", new Date(now - 600_000))]))
      .orderBy("id")
      .limit(queriesAtOnce)
      .execute();
    for (const { id, phoneSealed, createdAt: at } of due) {
      await ctx.db.updateTable("sms_attempt").set({ askedAt: ctx.now() }).where("id", "=", id).execute();
      const phone = this.runtime.secrets.open(phoneSealed ?? "", attemptPhone.context({ id }));
      try {
        const to = phone.startsWith("+") ? phone : `+86${phone}`;
        const found = await provider.query(access, { to, reference: id, at });
        if (found.kind === "taken") await this.#found(ctx, id, found.receipt);
        if (found.kind === "not_taken") await this.#notTaken(ctx, id);
      } catch (error) {
        ctx.log.warn({ err: error, accountId: account.id }, "a carrier can't be asked what became of a text");
        return;
      }
    }
  }

  async #found(ctx: Ctx, id: string, receipt: Receipt | undefined): Promise<void> {
    if (receipt !== undefined) return ctx.tx((ctx) => this.#end(ctx, id, receipt));
    await ctx.db
      .updateTable("sms_attempt")
      .set({ state: "accepted", ...explain("accepted") })
      .where("id", "=", id)
      .where("state", "=", "unknown")
      .execute();
  }

  async #notTaken(ctx: Ctx, id: string): Promise<void> {
    await ctx.db
      .updateTable("sms_attempt")
      .set({ state: "unreached", ...explain("not_taken"), phoneSealed: null })
      .where("id", "=", id)
      .where("state", "=", "unknown")
      .execute();
  }

  /** A few in each transaction, in the order of their locks. */
  async #takeReceipts(ctx: Ctx, { id: accountId }: AccountRow, receipts: readonly Receipt[]): Promise<void> {
    const sorted = receipts.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    for (let from = 0; from < sorted.length; from += together)
      await ctx.tx(async (ctx) => {
        for (const receipt of sorted.slice(from, from + together)) await this.#receive(ctx, accountId, receipt);
      });
  }

  async #takeReplies(ctx: Ctx, { id: accountId, callbackKey }: AccountRow, replies: readonly Reply[]): Promise<void> {
    for (const { from, signature, at, ...reply } of replies) {
      const text = plain(reply.text).slice(0, 500);
      const phone = addressIn("phone", from) ?? plain(from).slice(0, 40);
      const told = `${phone}\n${at.toISOString()}\n${text}`;
      await ctx.db
        .insertInto("sms_reply")
        .values({
          accountId,
          phone: maskAddress("phone", phone),
          text,
          signature: plain(signature).slice(0, 20),
          at,
          fingerprint: createHmac("sha256", callbackKey).update(told).digest("base64url"),
        })
        .onConflict((on) => on.columns(["tenantId", "accountId", "fingerprint"]).doNothing())
        .execute();
    }
  }

  async #receive(ctx: TxCtx, accountId: string, receipt: Receipt): Promise<void> {
    const { reference, delivered } = receipt;
    const [providerId, code] = [plain(receipt.id).slice(0, 100), plain(receipt.code).slice(0, 60)];
    await lockText(ctx, accountId, providerId);
    const attempts = ctx.db.selectFrom("sms_attempt").select("id").where("accountId", "=", accountId);
    const attempt =
      (uuid.test(reference) ? await attempts.where("id", "=", dashed(reference)).executeTakeFirst() : undefined) ??
      (providerId === "" ? undefined : await attempts.where("providerId", "=", providerId).executeTakeFirst());
    if (attempt !== undefined) return this.#end(ctx, attempt.id, { delivered, code });
    if (providerId === "") return;
    await ctx.db
      .insertInto("sms_receipt")
      .values({ accountId, providerId, delivered, code, receivedAt: ctx.now() })
      .onConflict((on) => on.columns(["tenantId", "accountId", "providerId"]).doNothing())
      .execute();
  }

  /** Once: what comes again, or later and says something else, changes nothing but "delivered" in the place of less. */
  async #end(
    ctx: TxCtx,
    attemptId: string,
    { delivered, code }: { readonly delivered: boolean; readonly code: string },
  ): Promise<void> {
    const from = ["submitting", "accepted", "unknown", "no_receipt"] as const;
    await ctx.db
      .updateTable("sms_attempt")
      .set({
        state: delivered ? "delivered" : "undelivered",
        code: code.slice(0, 60),
        ...explain(delivered ? "delivered" : "undelivered", { code }),
        reportedAt: ctx.now(),
        phoneSealed: null,
      })
      .where("id", "=", attemptId)
      .where("state", "in", delivered ? [...from, "undelivered"] : [...from])
      .execute();
  }

  async #giveUp(ctx: Ctx): Promise<void> {
    const now = ctx.now().getTime();
    const old = (state: "accepted" | "submitting" | "unknown", ms: number) =>
      ctx.db
        .selectFrom("sms_attempt")
        .select("id")
        .where("state", "=", state)
        .where("createdAt", "<", new Date(now - ms))
        .orderBy("id")
        .limit(atOnce);
    await ctx.db
      .updateTable("sms_attempt")
      .set({ state: "no_receipt", ...explain("no_receipt"), phoneSealed: null })
      .where("id", "in", old("accepted", noReceiptMs))
      .where("state", "=", "accepted")
      .execute();
    await ctx.db
      .updateTable("sms_attempt")
      .set({ state: "unknown", ...explain("lost") })
      .where("id", "in", old("submitting", lostMs))
      .where("state", "=", "submitting")
      .execute();
    // Nobody is asked about it any more, and no number is kept for nothing.
    await ctx.db
      .updateTable("sms_attempt")
      .set({ phoneSealed: null })
      .where("id", "in", old("unknown", noReceiptMs).where("phoneSealed", "is not", null))
      .execute();
    await ctx.db
      .deleteFrom("sms_receipt")
      .where("receivedAt", "<", new Date(now - noReceiptMs))
      .execute();
  }

  async #names(ctx: Ctx): Promise<ReadonlyMap<string, string>> {
    const accounts = await ctx.db.selectFrom("sms_account").select(["id", "name"]).execute();
    const templates = await ctx.db.selectFrom("sms_template").select(["id", "name"]).execute();
    return new Map([...accounts, ...templates].map(({ id, name }) => [id, name]));
  }
}

/** A receipt and the answer that names its text look for each other: one after the other. */
async function lockText(ctx: TxCtx, accountId: string, providerId: string): Promise<void> {
  await ctx.lock("sms.text", `${accountId} ${providerId}`);
}

/** PostgreSQL takes no NUL, and no list shows the others. */
function plain(text: string): string {
  return text.replaceAll(/(?![\t\n])\p{Cc}/gu, "");
}

function dashed(reference: string): string {
  const hex = reference.replaceAll("-", "");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
