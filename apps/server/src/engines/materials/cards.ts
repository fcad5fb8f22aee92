import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { Selectable } from "kysely";
import { Tenants } from "../../foundation/access/tenants.ts";
import { FilesService } from "../../foundation/files/files.service.ts";
import { Apps, type AppState } from "../connect/apps.ts";
import { uploadNameOf } from "./internal/card-upload.ts";
import { demandFile } from "./internal/taken.ts";
import type { materials } from "./materials.contract.ts";
import { makeCard } from "./materials.jobs.ts";
import type { MaterialsTables } from "./materials.tables.ts";

export type CardRow = Selectable<MaterialsTables["materials_card"]>;
type CardView = Out<typeof materials.updateCard>;
const firstPage = "pages/index/index";
const use = { by: "materials.card", label: { zh: "小程序卡片的图片", en: "A mini-program card's picture" } } as const;
/** An upload that gave no answer may still be on its way: nobody looks for it sooner. Ours. */
const settlesAfterMs = 60_000;

/** As it is sent. */
export interface Sendable {
  readonly appId: string;
  readonly title: string;
  readonly pagePath: string;
  readonly thumbMediaId: string;
}

/**
 * The cards of mini-programs: one for each official account and mini-program of a business, made when the second of
 * them is bound. How the picture gets into the account's library stands in `card-maker.ts`.
 */
@Injectable()
export class Cards {
  constructor(
    private readonly apps: Apps,
    private readonly files: FilesService,
    private readonly tenants: Tenants,
  ) {}

  /** Of apps that are bound: those of others are kept for when they are again. */
  async list(ctx: Ctx): Promise<CardView[]> {
    const rows = await ctx.db.selectFrom("materials_card").selectAll().orderBy("createdAt").orderBy("id").execute();
    return this.#shown(ctx, rows);
  }

  /** @throws Fault `kit.not_found`, `materials.not_such_file` */
  async update(ctx: Ctx, { cardId, title, pagePath, fileId }: Flat<typeof materials.updateCard>): Promise<CardView> {
    if (typeof fileId === "string") demandFile("image", await this.files.own(ctx, fileId));
    await ctx.tx(async (ctx) => {
      const row = await this.#locked(ctx, cardId);
      if (title !== undefined || pagePath !== undefined)
        await ctx.db.updateTable("materials_card").set({ title, pagePath }).where("id", "=", cardId).execute();
      if (fileId === undefined || fileId === row.fileId) return;
      if (fileId !== null) await this.files.use(ctx, fileId, { ...use, ref: cardId });
      if (row.fileId !== null) await this.files.release(ctx, row.fileId, { by: use.by, ref: cardId });
      // Another picture under another name: who is at the one of before no longer holds it up, nor ends it.
      await ctx.db
        .updateTable("materials_card")
        .set({ fileId, uploadName: uploadNameOf(ctx), askedAt: null, busyUntil: null })
        .where("id", "=", cardId)
        .execute();
      await this.#begin(ctx, { ...row, askedAt: null });
    });
    return this.#one(ctx, cardId);
  }

  /** Tries again, or looks whether the picture is still in the library. @throws Fault `kit.not_found` */
  async again(ctx: Ctx, { cardId }: Flat<typeof materials.makeCard>): Promise<CardView> {
    await ctx.tx(async (ctx) => this.#begin(ctx, await this.#locked(ctx, cardId)));
    return this.#one(ctx, cardId);
  }

  /** What goes with an app that was bound, also for the second time: then what is there already is looked at. */
  async bound(ctx: TxCtx, { wechatAppId }: { readonly wechatAppId: string }): Promise<void> {
    const rows = await this.#pairs(ctx);
    for (const row of rows)
      if (row.wechatAppId === wechatAppId || row.miniProgramId === wechatAppId) await this.#begin(ctx, row);
  }

  /** Each night: of apps that were bound before there were cards, and what couldn't be made. */
  async complete(): Promise<void> {
    await this.tenants.each(async (ctx) => {
      const states = await this.apps.states(ctx);
      await ctx.tx(async (ctx) => {
        for (const row of await this.#pairs(ctx))
          if (row.state !== "made" && states.get(row.wechatAppId)?.enabled === true) await this.#begin(ctx, row);
      });
    });
  }

  /** Those whose picture isn't in the library, by what was read there since `begunAt`. */
  async missed(ctx: Ctx, wechatAppId: string, begunAt: Date): Promise<void> {
    await ctx.tx(async (ctx) => {
      const rows = await ctx.db
        .selectFrom("materials_card")
        .selectAll()
        .where("wechatAppId", "=", wechatAppId)
        .where("mediaId", "is not", null)
        .where("madeAt", "<", begunAt)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom("materials_item")
                .select("materials_item.id")
                .whereRef("materials_item.wechatAppId", "=", "materials_card.wechatAppId")
                .whereRef("materials_item.mediaId", "=", "materials_card.mediaId"),
            ),
          ),
        )
        .execute();
      for (const row of rows) await this.#begin(ctx, row);
    });
  }

  /** A picture that was deleted here. */
  async deleted(ctx: Ctx, wechatAppId: string, mediaId: string): Promise<void> {
    await ctx.tx(async (ctx) => {
      const rows = ctx.db.selectFrom("materials_card").selectAll().where("wechatAppId", "=", wechatAppId);
      for (const row of await rows.where("mediaId", "=", mediaId).execute()) await this.#begin(ctx, row);
    });
  }

  /** What an account sends as the card of a mini-program; undefined while it can't. */
  async sendable(
    ctx: Ctx,
    { wechatAppId, miniProgramId }: { readonly wechatAppId: string; readonly miniProgramId: string },
  ): Promise<Sendable | undefined> {
    const row = await ctx.db
      .selectFrom("materials_card")
      .selectAll()
      .where("wechatAppId", "=", wechatAppId)
      .where("miniProgramId", "=", miniProgramId)
      .executeTakeFirst();
    if (row === undefined || row.mediaId === null) return undefined;
    const { appId, unboundAt } = await this.apps.row(ctx, miniProgramId);
    if (unboundAt !== null) return undefined;
    return { appId, title: row.title, pagePath: row.pagePath, thumbMediaId: row.mediaId };
  }

  async #begin(ctx: TxCtx, { id: cardId, askedAt }: Pick<CardRow, "id" | "askedAt">): Promise<void> {
    await ctx.db
      .updateTable("materials_card")
      .set({ state: "making", zh: null, en: null })
      .where("id", "=", cardId)
      .execute();
    const startAfter = askedAt === null ? undefined : new Date(askedAt.getTime() + settlesAfterMs);
    await ctx.enqueue(makeCard, { cardId }, { singletonKey: cardId, ...(startAfter && { startAfter }) });
  }

  /** The rows of all pairs of apps that are bound, those that lack are added: one each, however often it is asked. */
  async #pairs(ctx: TxCtx): Promise<CardRow[]> {
    const bound = [...(await this.apps.states(ctx))].filter(([, { isBound }]) => isBound);
    const of = (kind: AppState["kind"]) => bound.filter(([, app]) => app.kind === kind);
    const wanted = of("official").flatMap(([wechatAppId]) =>
      of("miniprogram").map(([miniProgramId, { name }]) => ({
        wechatAppId,
        miniProgramId,
        title: name,
        pagePath: firstPage,
        state: "making" as const,
      })),
    );
    if (wanted.length === 0) return [];
    await ctx.db
      .insertInto("materials_card")
      .values(wanted)
      .onConflict((on) => on.columns(["tenantId", "wechatAppId", "miniProgramId"]).doNothing())
      .execute();
    const rows = await ctx.db.selectFrom("materials_card").selectAll().orderBy("id").forUpdate().execute();
    return rows.filter((row) =>
      wanted.some((pair) => pair.wechatAppId === row.wechatAppId && pair.miniProgramId === row.miniProgramId),
    );
  }

  #locked(ctx: TxCtx, cardId: string): Promise<CardRow> {
    return ctx.db
      .selectFrom("materials_card")
      .selectAll()
      .where("id", "=", cardId)
      .forUpdate()
      .executeTakeFirstOrThrow(() => notFound());
  }

  async #one(ctx: Ctx, cardId: string): Promise<CardView> {
    const [card] = await this.#shown(
      ctx,
      await ctx.db.selectFrom("materials_card").selectAll().where("id", "=", cardId).execute(),
    );
    if (card === undefined) throw notFound();
    return card;
  }

  async #shown(ctx: Ctx, rows: readonly CardRow[]): Promise<CardView[]> {
    const states = await this.apps.states(ctx);
    return rows.flatMap((row) => {
      const [app, mini] = [states.get(row.wechatAppId), states.get(row.miniProgramId)];
      if (app?.isBound !== true || mini?.isBound !== true) return [];
      return {
        ...row,
        app: { id: row.wechatAppId, name: app.name },
        miniProgram: { id: row.miniProgramId, name: mini.name },
        hasOwnPicture: row.fileId !== null,
        canBeSent: row.mediaId !== null,
      };
    });
  }
}
