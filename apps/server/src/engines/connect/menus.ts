import { Injectable } from "@nestjs/common";
import { problemsOf } from "@zhanggui/forms/menu-problems";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { bilingual } from "@zhanggui/kit/contract/text";
import { auditAct } from "@zhanggui/kit/server/audit/entries";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import {
  addConditionalMenu,
  createMenu,
  deleteConditionalMenu,
  deleteMenus,
  menuLimits,
  menusOf,
  presentMenu,
} from "@zhanggui/wechat/calls/menus";
import { outcomeOfWrite, type WechatClient } from "@zhanggui/wechat/client";
import { WechatError } from "@zhanggui/wechat/transport";
import type { Selectable } from "kysely";
import { Apps, type AppRow } from "./apps.ts";
import { faultOf, WechatClients } from "./clients.ts";
import type { connect } from "./connect.contract.ts";
import type { ConnectTables } from "./connect.tables.ts";
import { fromWechat, isSame, matchOf, toWechat } from "./internal/menu-buttons.ts";
import { buttonKinds, type Menu } from "./menu-shape.contract.ts";
import { menuBroken, menuPublishing } from "./menu.contract.ts";

type Desk = Out<typeof connect.getMenu>;
type Live = Out<typeof connect.getLiveMenu>;
type VersionRow = Selectable<ConnectTables["connect_menu_version"]>;
const nothing: Menu = { buttons: [], conditional: [] };
/** Longer than the calls of a publication take: whoever began one that long ago has died. */
const publishingMs = 120_000;

/** Menus of apps: drafted here, published to WeChat, and compared with what it really shows. */
@Injectable()
export class Menus {
  constructor(
    private readonly apps: Apps,
    private readonly clients: WechatClients,
  ) {}

  /** @throws Fault `kit.not_found` */
  async get(ctx: Ctx, { wechatAppId }: Flat<typeof connect.getMenu>): Promise<Desk> {
    await this.apps.bound(ctx, wechatAppId);
    return deskOf(ctx, wechatAppId);
  }

  /** @throws Fault `kit.not_found`; `kit.precondition_failed` if somebody saved meanwhile */
  async save(ctx: Ctx, { wechatAppId, draft, ifMatch }: Flat<typeof connect.saveMenu>): Promise<Desk> {
    await this.apps.bound(ctx, wechatAppId);
    await ctx.tx(async (ctx) => {
      ifMatch.demand(await lockDraft(ctx, wechatAppId));
      await write(ctx, wechatAppId, draft);
    });
    return deskOf(ctx, wechatAppId);
  }

  /** @throws Fault `kit.not_found`, `kit.precondition_failed` */
  async takeBack(ctx: Ctx, { wechatAppId, number, ifMatch }: Flat<typeof connect.takeMenuBack>): Promise<Desk> {
    await this.apps.bound(ctx, wechatAppId);
    await ctx.tx(async (ctx) => {
      ifMatch.demand(await lockDraft(ctx, wechatAppId));
      const { menu } = await ctx.db
        .selectFrom("connect_menu_version")
        .select("menu")
        .where("wechatAppId", "=", wechatAppId)
        .where("number", "=", number)
        .executeTakeFirstOrThrow(() => notFound());
      await write(ctx, wechatAppId, menu);
    });
    return deskOf(ctx, wechatAppId);
  }

  async versions(
    ctx: Ctx,
    { wechatAppId }: Flat<typeof connect.listMenuVersions>,
  ): Promise<Out<typeof connect.listMenuVersions>> {
    await this.apps.bound(ctx, wechatAppId);
    const rows = await versionsOf(ctx, wechatAppId).limit(50).execute();
    return { items: rows.map((row) => settled(row, ctx.now())) };
  }

  /**
   * The version is written before WeChat is asked, so that what a crash leaves behind is told. Setting it twice is
   * as good as once, and what is there of the menus for some is compared first: publishing again mends what was broken
   * off.
   *
   * @throws Fault `connect.menu_broken` with each place, `connect.menu_publishing`, `kit.precondition_failed`, and what
   *   WeChat answers
   */
  async publish(ctx: Ctx, { wechatAppId, ifMatch }: Flat<typeof connect.publishMenu>): Promise<Desk> {
    const app = await this.apps.bound(ctx, wechatAppId);
    const client = await this.clients.of(ctx, wechatAppId);
    const version = await ctx.tx((ctx) => begin(ctx, app, (revision) => ifMatch.demand(revision)));
    const end = async (state: "published" | "refused" | "unknown", errcode: number | null): Promise<void> => {
      await ctx.db.updateTable("connect_menu_version").set({ state, errcode }).where("id", "=", version.id).execute();
    };
    try {
      await put(client, version.menu);
    } catch (error) {
      const isRefused = outcomeOfWrite(error) === "not_done";
      await end(isRefused ? "refused" : "unknown", error instanceof WechatError ? error.errcode : null);
      throw faultOf(error) ?? error;
    }
    await end("published", null);
    return deskOf(ctx, wechatAppId);
  }

  /** @throws Fault `kit.not_found`, and what WeChat answers */
  async live(ctx: Ctx, { wechatAppId }: Flat<typeof connect.getLiveMenu>): Promise<Live> {
    const client = await this.clients.of(ctx, wechatAppId, { evenIfOff: true });
    const askedAt = ctx.now();
    const { menu, unknownButtons } = await fetchMenu(client).catch((error: unknown) => {
      throw faultOf(error) ?? error;
    });
    const { draft, published } = await deskOf(ctx, wechatAppId);
    const shown = menu ?? nothing;
    const latest = await versionsOf(ctx, wechatAppId).limit(1).executeTakeFirst();
    // No answer came when it was published; now we know.
    if (latest !== undefined && settled(latest, askedAt).state === "unknown" && isSame(latest.menu, shown)) {
      await ctx.db
        .updateTable("connect_menu_version")
        .set({ state: "published" })
        .where("id", "=", latest.id)
        .execute();
      return { askedAt, menu, source: "published", isDraft: isSame(draft, shown), unknownButtons };
    }
    const isOurs = unknownButtons === 0 && isSame(published?.menu ?? nothing, shown);
    const source = isOurs ? (menu === null ? "none" : "published") : "elsewhere";
    return { askedAt, menu, source, isDraft: isSame(draft, shown), unknownButtons };
  }
}

/** The menus that calls made, or, where there are none, the one that was made on WeChat's own pages. */
async function fetchMenu(client: WechatClient): Promise<{ menu: Menu | null; unknownButtons: number }> {
  const made = await menusOf(client);
  if (made !== null) {
    const own = fromWechat(made.buttons);
    // WeChat tries the newest first, and tells the oldest first.
    const some = made.conditional.toReversed().map(({ buttons, match }) => ({ ...fromWechat(buttons), match }));
    const conditional = some.map(({ buttons, match }) => ({
      tagId: match.tagId ?? null,
      platform: match.platform ?? null,
      buttons,
    }));
    const unknownButtons = some.reduce((sum, { unknown }) => sum + unknown, own.unknown);
    return { menu: { buttons: own.buttons, conditional }, unknownButtons };
  }
  const { isOpen, buttons } = await client.call(presentMenu);
  if (!isOpen || buttons.length === 0) return { menu: null, unknownButtons: 0 };
  const own = fromWechat(buttons as unknown as Parameters<typeof fromWechat>[0]);
  return { menu: { buttons: own.buttons, conditional: [] }, unknownButtons: own.unknown };
}

async function put(client: WechatClient, menu: Menu): Promise<void> {
  if (menu.buttons.length === 0) return client.call(deleteMenus);
  await client.call(createMenu, { buttons: toWechat(menu.buttons) });
  const there = (await fetchMenu(client)).menu?.conditional ?? [];
  if (isSame({ ...menu, conditional: there }, menu)) return;
  const made = await menusOf(client);
  for (const { menuId } of made?.conditional ?? []) await client.call(deleteConditionalMenu, { menuId });
  // The newest is tried first, so the first of ours is made last.
  for (const conditional of menu.conditional.toReversed())
    await client.call(addConditionalMenu, { buttons: toWechat(conditional.buttons), match: matchOf(conditional) });
}

async function begin(ctx: TxCtx, app: AppRow, demand: (revision: number) => void): Promise<VersionRow> {
  demand(await lockDraft(ctx, app.id));
  const { draft } = await deskOf(ctx, app.id);
  const problems = problemsOf(draft, { limits: menuLimits, kinds: buttonKinds });
  if (problems.length > 0)
    throw menuBroken({ errors: problems.map(({ field, zh, en }) => ({ field, message: bilingual({ zh, en }) })) });
  const [latest] = await versionsOf(ctx, app.id).limit(1).execute();
  if (latest !== undefined && settled(latest, ctx.now()).state === "publishing") throw menuPublishing();
  const number = (latest?.number ?? 0) + 1;
  await auditAct(ctx, { thing: { kind: "connect_app", id: app.id, title: app.name }, details: { version: number } });
  return ctx.db
    .insertInto("connect_menu_version")
    .values({
      wechatAppId: app.id,
      number,
      menu: JSON.stringify(draft) as never,
      publishedAt: ctx.now(),
      publishedBy: ctx.actor.name,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Whoever else changes or publishes it waits. Returns its revision: 0 if nobody has begun one. */
async function lockDraft(ctx: TxCtx, wechatAppId: string): Promise<number> {
  await ctx.lock("connect.menu", wechatAppId);
  const row = await ctx.db
    .selectFrom("connect_menu")
    .select("revision")
    .where("wechatAppId", "=", wechatAppId)
    .executeTakeFirst();
  return row?.revision ?? 0;
}

async function write(ctx: TxCtx, wechatAppId: string, menu: Menu): Promise<void> {
  const values = { draft: JSON.stringify(menu) as never, changedAt: ctx.now(), changedBy: ctx.actor.name };
  await ctx.db
    .insertInto("connect_menu")
    .values({ wechatAppId, ...values })
    .onConflict((on) =>
      on
        .columns(["tenantId", "wechatAppId"])
        .doUpdateSet(({ eb, ref }) => ({ ...values, revision: eb(ref("connect_menu.revision"), "+", 1) })),
    )
    .execute();
}

function versionsOf(ctx: Ctx, wechatAppId: string) {
  return ctx.db
    .selectFrom("connect_menu_version")
    .selectAll()
    .where("wechatAppId", "=", wechatAppId)
    .orderBy("number", "desc");
}

/** One whose process died while WeChat was asked has an outcome that nobody knows. */
function settled(row: VersionRow, now: Date): VersionRow {
  const isOver = row.state === "publishing" && now.getTime() - row.publishedAt.getTime() > publishingMs;
  return isOver ? { ...row, state: "unknown" } : row;
}

/** The desk with menus as they are read from rows: nothing in them is left out. */
interface WholeDesk extends Omit<Desk, "draft" | "published"> {
  readonly draft: Menu;
  readonly published: VersionRow | null;
}

async function deskOf(ctx: Ctx, wechatAppId: string): Promise<WholeDesk> {
  const row = await ctx.db
    .selectFrom("connect_menu")
    .selectAll()
    .where("wechatAppId", "=", wechatAppId)
    .executeTakeFirst();
  const published = await versionsOf(ctx, wechatAppId).where("state", "=", "published").limit(1).executeTakeFirst();
  return {
    draft: row?.draft ?? nothing,
    revision: row?.revision ?? 0,
    changedAt: row?.changedAt ?? null,
    changedBy: row?.changedBy ?? null,
    published: published ?? null,
    limits: menuLimits,
  };
}
