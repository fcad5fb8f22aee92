import { Injectable } from "@nestjs/common";
import { forbidden, notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { searchFew } from "@zhanggui/kit/server/search";
import { sql, type SqlBool } from "kysely";
import { Conversations } from "../connect/conversations.ts";
import { reaches } from "@zhanggui/kit/server/data-scope";
import { messagingReply } from "./conversations.contract.ts";
import { shortcutTaken } from "./desk.contract.ts";
import { explain } from "./internal/reasons.ts";
import { assertTemplate, fillIn, reasonOf } from "./internal/templates.ts";
import { Wording } from "./internal/wording.ts";
import { messaging, messagingWrite } from "./messaging.contract.ts";

type View = Out<typeof messaging.createCanned>;
/** As many are offered at a time. */
const mostOffered = 8;

/** Answers that staff write again and again: everybody's, and each one's own. */
@Injectable()
export class CannedAnswers {
  constructor(
    private readonly conversations: Conversations,
    private readonly wording: Wording,
  ) {}

  list(ctx: Ctx, query: Flat<typeof messaging.listCanned>): Promise<Out<typeof messaging.listCanned>> {
    return listOf(ctx, messaging.listCanned, query, this.#seen(ctx), {
      search: (part) => searchFew(ctx, "messaging_canned", ["shortcut", "text"], part),
      present: (rows) => rows.map(viewOf),
    });
  }

  /** @throws Fault `messaging.shortcut_taken`, `messaging.bad_template`; `kit.forbidden` for everybody's */
  async create(ctx: Ctx, { isShared, shortcut, text }: Flat<typeof messaging.createCanned>): Promise<View> {
    if (isShared) ctx.demand(messagingWrite);
    await assertTemplate("text", text);
    const row = await ctx.db
      .insertInto("messaging_canned")
      .values({ shortcut, text, ownerId: isShared ? null : ctx.actor.id })
      .onConflict((on) => on.doNothing())
      .returningAll()
      .executeTakeFirstOrThrow(() => taken(shortcut));
    return viewOf(row);
  }

  /** @throws Fault what `create` throws, `kit.not_found` */
  async update(ctx: Ctx, { cannedId, ...change }: Flat<typeof messaging.updateCanned>): Promise<View> {
    if (change.text !== undefined) await assertTemplate("text", change.text);
    return ctx.tx(async (ctx) => {
      const row = await this.#own(ctx, cannedId);
      const shortcut = change.shortcut ?? row.shortcut;
      await ctx.lock("messaging.canned", `${row.ownerId ?? ""} ${shortcut}`);
      const other = await ctx.db
        .selectFrom("messaging_canned")
        .select("id")
        .where("shortcut", "=", shortcut)
        .where("ownerId", "is not distinct from", row.ownerId)
        .where("id", "<>", cannedId)
        .executeTakeFirst();
      if (other !== undefined) throw taken(shortcut);
      const text = change.text ?? row.text;
      const changed = ctx.db.updateTable("messaging_canned").set({ shortcut, text }).where("id", "=", cannedId);
      return viewOf(await changed.returningAll().executeTakeFirstOrThrow());
    });
  }

  /** @throws Fault `kit.not_found`; `kit.forbidden` for everybody's */
  async delete(ctx: Ctx, { cannedId }: Flat<typeof messaging.deleteCanned>): Promise<void> {
    await ctx.tx(async (ctx) => {
      await this.#own(ctx, cannedId);
      await ctx.db.deleteFrom("messaging_canned").where("id", "=", cannedId).execute();
    });
  }

  /** Those whose shortcut or text has the words, filled in for a customer. @throws Fault `kit.not_found` */
  async fillAll(
    ctx: Ctx,
    { conversationId, search }: Flat<typeof messaging.fillCanned>,
  ): Promise<Out<typeof messaging.fillCanned>["items"]> {
    const { wechatAppId, openid, assigneeId } = await this.conversations.find(ctx, conversationId);
    if (!reaches(ctx.actor, messagingReply, { ownerId: assigneeId })) throw notFound();
    const wanted = search.trim().toLowerCase();
    const rows = await this.#seen(ctx)
      .$if(wanted !== "", (query) =>
        query.where(sql<SqlBool>`(strpos(lower(shortcut), ${wanted}) > 0 OR strpos(lower(text), ${wanted}) > 0)`),
      )
      .orderBy(sql`lower(shortcut) = ${wanted}`, "desc")
      .orderBy("used", "desc")
      .orderBy("id")
      .limit(mostOffered)
      .execute();
    const scope = await this.wording.scope(ctx, { wechatAppId, openid, channelId: null });
    return Promise.all(
      rows.map(async ({ id, shortcut, text }) => {
        try {
          return { id, shortcut, text: await fillIn(text, scope), trouble: null };
        } catch (error) {
          // It was sound by the example that it was saved with; of the others each is offered all the same.
          return { id, shortcut, text, trouble: explain("cannedUnfilled", { reason: reasonOf(error) }) };
        }
      }),
    );
  }

  /** One that went into an answer. */
  async used(ctx: TxCtx, id: string): Promise<void> {
    const changed = ctx.db.updateTable("messaging_canned").set(({ eb }) => ({ used: eb("used", "+", 1) }));
    await changed.where("id", "=", id).execute();
  }

  #seen(ctx: Ctx) {
    const { id } = ctx.actor;
    return ctx.db
      .selectFrom("messaging_canned")
      .selectAll()
      .where(({ or, eb }) =>
        or([eb("ownerId", "is", null), ...(ctx.actor.kind === "account" ? [eb("ownerId", "=", id)] : [])]),
      );
  }

  /** One that the caller may change, locked. */
  async #own(ctx: TxCtx, id: string) {
    const row = await this.#seen(ctx).where("id", "=", id).forUpdate().executeTakeFirst();
    if (row === undefined) throw notFound();
    if (row.ownerId === null && !reaches(ctx.actor, messagingWrite)) throw forbidden();
    return row;
  }
}

function viewOf({
  ownerId,
  ...row
}: { ownerId: string | null } & Omit<View, "isShared" | "createdAt"> & { createdAt: Date }) {
  return { ...row, isShared: ownerId === null, createdAt: row.createdAt.toISOString() };
}

function taken(shortcut: string) {
  return shortcutTaken({ shortcut, errors: [{ field: "shortcut" }] });
}
