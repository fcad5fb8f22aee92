import { createHmac, timingSafeEqual } from "node:crypto";
import { Injectable } from "@nestjs/common";
import { addressIn, maskAddress } from "@zhanggui/kit/contract/contact-address";
import type { BytesOut } from "@zhanggui/kit/contract/body";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { Receipt, Reply } from "@zhanggui/sms/provider";
import { Tenants } from "../../foundation/access/tenants.ts";
import { type AccountRow, Accounts, providerOf } from "./accounts.ts";
import { explain } from "./internal/words.ts";
import { badPush, sms } from "./sms.contract.ts";

/** After so long no network reports any more. */
const noReceiptMs = 72 * 3_600_000;
/** Processes die between the first line of an attempt and its last. */
const lostMs = 10 * 60_000;
const pullMs = 15_000;
const atOnce = 500;
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
    await this.#take(ctx, account, read.receipts, read.replies);
    return { contentType: "application/json; charset=utf-8", body: Buffer.from(provider.taken ?? "") };
  }

  /** By schedule: fetches what wasn't pushed, and ends what nobody will ever tell of. */
  pull(): Promise<void> {
    return this.tenants.each(async (ctx) => {
      const waiting = await ctx.db
        .selectFrom("sms_account")
        .selectAll()
        .where("deletedAt", "is", null)
        .where(({ exists, selectFrom }) =>
          exists(
            selectFrom("sms_attempt")
              .select("sms_attempt.id")
              .whereRef("sms_attempt.accountId", "=", "sms_account.id")
              .where("sms_attempt.state", "=", "accepted"),
          ),
        )
        .execute();
      for (const account of waiting) await this.#pullOf(ctx, account);
      await this.#giveUp(ctx);
    });
  }

  async #pullOf(ctx: Ctx, account: AccountRow): Promise<void> {
    const { provider, access } = this.accounts.access(ctx, account, pullMs);
    try {
      for (let turn = 0; turn < mostPulls; turn += 1) {
        const receipts = (await provider.pullReceipts?.(access)) ?? [];
        const replies = (await provider.pullReplies?.(access)) ?? [];
        if (receipts.length + replies.length === 0) return;
        // What was fetched is fetched only once: it is written before more is asked for.
        await this.#take(ctx, account, receipts, replies);
      }
    } catch (error) {
      ctx.log.warn({ err: error, accountId: account.id }, "receipts of text messages can't be fetched");
    }
  }

  async #take(ctx: Ctx, account: AccountRow, receipts: readonly Receipt[], replies: readonly Reply[]): Promise<void> {
    for (const receipt of receipts) await ctx.tx((ctx) => this.#receive(ctx, account.id, receipt));
    const key = account.callbackKey;
    for (const { from, text, signature, at } of replies) {
      const phone = addressIn("phone", from) ?? from;
      const fingerprint = createHmac("sha256", key)
        .update(`${phone}\n${at.toISOString()}\n${text}`)
        .digest("base64url");
      await ctx.db
        .insertInto("sms_reply")
        .values({
          accountId: account.id,
          phone: maskAddress("phone", phone),
          text: text.slice(0, 500),
          signature: signature.slice(0, 20),
          at,
          fingerprint,
        })
        .onConflict((on) => on.columns(["tenantId", "accountId", "fingerprint"]).doNothing())
        .execute();
    }
  }

  async #receive(ctx: TxCtx, accountId: string, receipt: Receipt): Promise<void> {
    const { id: providerId, reference, delivered, code } = receipt;
    await lockText(ctx, accountId, providerId);
    const attempts = ctx.db.selectFrom("sms_attempt").select("id").where("accountId", "=", accountId);
    const attempt =
      (uuid.test(reference) ? await attempts.where("id", "=", dashed(reference)).executeTakeFirst() : undefined) ??
      (providerId === "" ? undefined : await attempts.where("providerId", "=", providerId).executeTakeFirst());
    if (attempt !== undefined) return this.#end(ctx, attempt.id, { delivered, code });
    if (providerId === "") return;
    const kept = { delivered, code: code.slice(0, 60), receivedAt: ctx.now() };
    await ctx.db
      .insertInto("sms_receipt")
      .values({ accountId, providerId: providerId.slice(0, 100), ...kept })
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
      })
      .where("id", "=", attemptId)
      .where("state", "in", delivered ? [...from, "undelivered"] : [...from])
      .execute();
  }

  async #giveUp(ctx: Ctx): Promise<void> {
    const now = ctx.now().getTime();
    const old = (state: "accepted" | "submitting", ms: number) =>
      ctx.db
        .selectFrom("sms_attempt")
        .select("id")
        .where("state", "=", state)
        .where("createdAt", "<", new Date(now - ms))
        .orderBy("id")
        .limit(atOnce);
    await ctx.db
      .updateTable("sms_attempt")
      .set({ state: "no_receipt", ...explain("no_receipt") })
      .where("id", "in", old("accepted", noReceiptMs))
      .where("state", "=", "accepted")
      .execute();
    await ctx.db
      .updateTable("sms_attempt")
      .set({ state: "unknown", ...explain("lost") })
      .where("id", "in", old("submitting", lostMs))
      .where("state", "=", "submitting")
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

function dashed(reference: string): string {
  const hex = reference.replaceAll("-", "");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
