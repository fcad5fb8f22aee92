import { Injectable } from "@nestjs/common";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { faultSentence } from "@zhanggui/kit/server/fault-sentence";
import { listDrafts } from "@zhanggui/wechat/calls/articles";
import { listMaterial, mediaLimits } from "@zhanggui/wechat/calls/media";
import type { WechatClient } from "@zhanggui/wechat/client";
import { Tenants } from "../../foundation/access/tenants.ts";
import { Apps } from "../connect/apps.ts";
import { faultOf, WechatClients } from "../connect/clients.ts";
import { Cards } from "./cards.ts";
import { again, isPassing } from "./internal/passing.ts";
import type { materials } from "./materials.contract.ts";
import { readLibrary } from "./materials.jobs.ts";

type Sync = Out<typeof materials.sync>;
interface Seen {
  readonly kind: "image" | "voice" | "video" | "news";
  readonly mediaId: string;
  readonly name: string;
  readonly titles: readonly string[];
  readonly changedAt: Date;
}
const stopped = { zh: "读取中断，稍后会再试。", en: "The reading broke off; it is tried again later." };

interface Page {
  readonly total: number;
  readonly items: readonly Seen[];
}
type ReadPage = (offset: number) => Promise<Page>;

/** Keeps a copy of each account's material library: WeChat's own pages change it too, and tell nobody. */
@Injectable()
export class Library {
  constructor(
    private readonly apps: Apps,
    private readonly clients: WechatClients,
    private readonly tenants: Tenants,
    private readonly cards: Cards,
  ) {}

  syncs(ctx: Ctx): Promise<Sync[]> {
    return ctx.db.selectFrom("materials_sync").selectAll().orderBy("begunAt", "desc").execute();
  }

  /** @throws Fault `kit.not_found`; `connect.app_off` */
  async sync(ctx: Ctx, { wechatAppId }: Flat<typeof materials.sync>): Promise<Sync> {
    await this.clients.of(ctx, wechatAppId);
    return this.#begin(ctx, wechatAppId);
  }

  /** Nightly, every account that is bound and switched on. */
  async syncAll(): Promise<void> {
    await this.tenants.each(async (ctx) => {
      for (const [id, { enabled, isBound, kind }] of await this.apps.states(ctx))
        if (enabled && isBound && kind === "official") await this.#begin(ctx, id);
    });
  }

  #begin(ctx: Ctx, wechatAppId: string): Promise<Sync> {
    return ctx.tx(async (ctx) => {
      const state = { state: "running", begunAt: ctx.now(), endedAt: null, items: 0, zh: null, en: null } as const;
      const row = await ctx.db
        .insertInto("materials_sync")
        .values({ wechatAppId, ...state })
        .onConflict((on) => on.columns(["tenantId", "wechatAppId"]).doUpdateSet(state))
        .returningAll()
        .executeTakeFirstOrThrow();
      await ctx.enqueue(readLibrary, { wechatAppId }, { singletonKey: wechatAppId });
      return row;
    });
  }

  /** All of an account's library. What is refused for good is told, and not tried again; what passes, is. */
  async read(ctx: Ctx, { wechatAppId }: { readonly wechatAppId: string }): Promise<void> {
    const begunAt = ctx.now();
    try {
      const client = await this.clients.of(ctx, wechatAppId);
      let [items, isWhole] = [0, true];
      for (const readPage of pagesOf(client)) {
        const read = await this.#readKind(ctx, wechatAppId, readPage);
        items += read.items;
        isWhole &&= read.isWhole;
      }
      await this.#forget(ctx, wechatAppId, isWhole ? begunAt : undefined);
      if (isWhole) await this.cards.missed(ctx, wechatAppId, begunAt);
      await this.#end(ctx, wechatAppId, { state: "done", items, zh: null, en: null });
    } catch (error) {
      const fault = faultOf(error);
      // The page must not wait for ever for what will be tried again, or never.
      if (fault === undefined) await this.#end(ctx, wechatAppId, { state: "failed", ...stopped });
      if (fault === undefined) throw error;
      const { zh, en } = faultSentence(fault);
      if (!isPassing(error)) return this.#end(ctx, wechatAppId, { state: "failed", zh, en });
      await this.#end(ctx, wechatAppId, { state: "failed", zh: zh + again.zh, en: `${en} ${again.en}` });
      throw error;
    }
  }

  async #readKind(ctx: Ctx, wechatAppId: string, readPage: ReadPage): Promise<{ items: number; isWhole: boolean }> {
    const ids = new Set<string>();
    for (let offset = 0; ; offset += mediaLimits.page) {
      ctx.signal.throwIfAborted();
      const { total, items } = await readPage(offset);
      if (items.length > 0) await this.#keep(ctx, wechatAppId, items);
      for (const { mediaId } of items) ids.add(mediaId);
      // Somebody may add and delete meanwhile: then a page is short, or one is read twice.
      if (items.length === 0 || offset + items.length >= total) return { items: ids.size, isWhole: ids.size >= total };
    }
  }

  async #keep(ctx: Ctx, wechatAppId: string, items: readonly Seen[]): Promise<void> {
    const seenAt = ctx.now();
    await ctx.db
      .insertInto("materials_item")
      .values(items.map(({ titles, ...item }) => ({ ...item, wechatAppId, titles: JSON.stringify(titles), seenAt })))
      .onConflict((on) =>
        on.columns(["tenantId", "wechatAppId", "mediaId"]).doUpdateSet((eb) => ({
          name: eb.ref("excluded.name"),
          titles: eb.ref("excluded.titles"),
          changedAt: eb.ref("excluded.changedAt"),
          seenAt,
        })),
      )
      .execute();
  }

  /** What has gone at WeChat goes here, and what has expired. */
  async #forget(ctx: Ctx, wechatAppId: string, seenBefore: Date | undefined): Promise<void> {
    const gone = ctx.db.deleteFrom("materials_item").where("wechatAppId", "=", wechatAppId);
    await gone.where("expiresAt", "<", ctx.now()).execute();
    if (seenBefore === undefined) return;
    await gone.where("kind", "!=", "mass_video").where("seenAt", "<", seenBefore).execute();
  }

  async #end(
    ctx: Ctx,
    wechatAppId: string,
    change: { state: "done" | "failed"; items?: number; zh?: string | null; en?: string | null },
  ): Promise<void> {
    await ctx.db
      .updateTable("materials_sync")
      .set({ ...change, endedAt: ctx.now() })
      .where("wechatAppId", "=", wechatAppId)
      .execute();
  }
}

/** As PostgreSQL keeps it, and a page shows it. */
function shown(name: string): string {
  // oxlint-disable-next-line no-control-regex
  return name.replaceAll(/[\u0000-\u001F\u007F]/g, "").toWellFormed();
}

function pagesOf(client: WechatClient): ReadPage[] {
  const count = mediaLimits.page;
  const ofKind =
    (type: Seen["kind"]): ReadPage =>
    async (offset) => {
      const { total, items } = await client.call(listMaterial, { type, offset, count });
      const seen = items.map(({ mediaId, name, updatedAt, articles }) => ({
        kind: type,
        mediaId,
        name: shown(name),
        titles: articles.map(({ title }) => shown(title)),
        changedAt: updatedAt,
      }));
      return { total, items: seen };
    };
  const drafts: ReadPage = async (offset) => {
    const { total, items } = await client.call(listDrafts, { offset, count });
    const seen = items.map(({ mediaId, articles, updatedAt }) => ({
      kind: "news" as const,
      mediaId,
      name: shown(articles[0]?.title ?? ""),
      titles: articles.map(({ title }) => shown(title)),
      changedAt: updatedAt,
    }));
    return { total, items: seen };
  };
  return [ofKind("image"), ofKind("voice"), ofKind("video"), ofKind("news"), drafts];
}
