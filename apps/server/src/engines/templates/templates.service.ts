import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { faultSentence } from "@zhanggui/kit/server/fault-sentence";
import { listOf } from "@zhanggui/kit/server/list";
import { searchIn } from "@zhanggui/kit/server/search";
import {
  addSubscribeTemplate,
  categories,
  deleteSubscribeTemplate,
  libraryKeywords,
  libraryTitles,
  subscribeLimits,
  subscribeTemplates,
} from "@zhanggui/wechat/calls/subscribe-messages";
import { deleteMessageTemplate, messageTemplates } from "@zhanggui/wechat/calls/template-messages";
import { Tenants } from "../../foundation/access/tenants.ts";
import { type AppState, Apps } from "../connect/apps.ts";
import { faultOf, WechatClients } from "../connect/clients.ts";
import { templates } from "./templates.contract.ts";

type Synced = Out<typeof templates.sync>["items"][number];
type BoundApp = Pick<AppState, "name" | "kind"> & { readonly id: string };
/** A template as WeChat names it: its ids are an account's own. */
export interface TemplateKey {
  readonly wechatAppId: string;
  readonly templateId: string;
}
/** One text for both, as the key of maps. */
export function templateKey({ wechatAppId, templateId }: TemplateKey): string {
  return `${wechatAppId} ${templateId}`;
}
/** WeChat's word for a template whose consent lasts. */
const lasting = 3;

/** The message templates that accounts have, and WeChat's library that they come from. */
@Injectable()
export class TemplatesService {
  constructor(
    private readonly apps: Apps,
    private readonly clients: WechatClients,
    private readonly tenants: Tenants,
  ) {}

  list(ctx: Ctx, query: Flat<typeof templates.list>): Promise<Out<typeof templates.list>> {
    return listOf(ctx, templates.list, query, ctx.db.selectFrom("templates_template").selectAll(), {
      search: (part) => searchIn(ctx, "templates_template", "title", part),
      present: (rows) => this.apps.namedIn(ctx, rows),
    });
  }

  /** One after the other: an account that can't be read keeps none of the others from it. @throws Fault `kit.not_found` */
  async sync(ctx: Ctx, { wechatAppId }: Flat<typeof templates.sync>): Promise<Synced[]> {
    const apps = await this.#bound(ctx);
    const wanted = wechatAppId === undefined ? apps : apps.filter(({ id }) => id === wechatAppId);
    if (wechatAppId !== undefined && wanted.length === 0) throw notFound();
    const synced: Synced[] = [];
    for (const app of wanted) synced.push(await this.#read(ctx, app));
    return synced;
  }

  /** Nightly, every account of every business. */
  syncAll(): Promise<void> {
    return this.tenants.each(async (ctx) => {
      await this.sync(ctx, {});
    });
  }

  /** @throws Fault `kit.not_found`, `connect.*` */
  categories(ctx: Ctx, { wechatAppId }: Flat<typeof templates.categories>) {
    return this.clients.ask(ctx, wechatAppId, (client) => client.call(categories));
  }

  /** @throws Fault `kit.not_found`, `connect.*` */
  async titles(
    ctx: Ctx,
    { wechatAppId, categoryId, offset }: Flat<typeof templates.titles>,
  ): Promise<Out<typeof templates.titles>> {
    const page = { categoryIds: [categoryId], offset, count: subscribeLimits.titles };
    const { total, titles } = await this.clients.ask(ctx, wechatAppId, (client) => client.call(libraryTitles, page));
    return { total, items: titles.map(({ tid, title, type }) => ({ tid, title, lasts: type === lasting })) };
  }

  /** @throws Fault `kit.not_found`, `connect.*` */
  keywords(ctx: Ctx, { wechatAppId, tid }: Flat<typeof templates.keywords>) {
    return this.clients.ask(ctx, wechatAppId, (client) => client.call(libraryKeywords, { tid }));
  }

  /**
   * Adds it to the account that was asked for, or says why not; then to the other mini-programs, each of which may fail
   * by itself.
   *
   * @throws Fault `kit.not_found`, `connect.*`
   */
  async add(ctx: Ctx, { wechatAppId, everywhere, ...wanted }: Flat<typeof templates.add>): Promise<Synced[]> {
    const apps = (await this.#bound(ctx)).filter(({ kind }) => kind === "miniprogram");
    const first = apps.find(({ id }) => id === wechatAppId);
    if (first === undefined) throw notFound({ errors: [{ field: "wechatAppId" }] });
    await this.clients.ask(ctx, first.id, (client) => client.call(addSubscribeTemplate, wanted));
    const synced = [await this.#read(ctx, first)];
    for (const app of everywhere ? apps.filter(({ id }) => id !== first.id) : [])
      synced.push(
        await this.#told(app, async () => {
          await (await this.clients.of(ctx, app.id)).call(addSubscribeTemplate, wanted);
          return this.#refresh(ctx, app);
        }),
      );
    return synced;
  }

  /** For engines that send: whether one consent to it lasts. Of one that hasn't been read yet it doesn't. */
  async lasts(ctx: Ctx, { wechatAppId, templateId }: TemplateKey): Promise<boolean> {
    const rows = ctx.db.selectFrom("templates_template").select("lasts").where("wechatAppId", "=", wechatAppId);
    return (await rows.where("templateId", "=", templateId).executeTakeFirst())?.lasts === true;
  }

  /** What templates are called and made of, by `templateKey`; one that has gone at WeChat is left out. */
  async known(ctx: Ctx, keys: readonly TemplateKey[]) {
    if (keys.length === 0) return new Map<string, never>();
    const rows = await ctx.db
      .selectFrom("templates_template")
      .select(["wechatAppId", "templateId", "title", "fields", "lasts"])
      .where("templateId", "in", [...new Set(keys.map(({ templateId }) => templateId))])
      .execute();
    return new Map(rows.map((row) => [templateKey(row), row]));
  }

  /** @throws Fault `kit.not_found`, `connect.*` */
  async delete(ctx: Ctx, { templateId: id }: Flat<typeof templates.delete>): Promise<Record<string, never>> {
    const rows = ctx.db.selectFrom("templates_template").select(["wechatAppId", "kind", "templateId"]);
    const row = await rows.where("id", "=", id).executeTakeFirst();
    if (row === undefined) throw notFound();
    const call = row.kind === "official" ? deleteMessageTemplate : deleteSubscribeTemplate;
    await this.clients.ask(ctx, row.wechatAppId, (client) => client.call(call, { templateId: row.templateId }));
    await ctx.db.deleteFrom("templates_template").where("id", "=", id).execute();
    return {};
  }

  async #bound(ctx: Ctx): Promise<BoundApp[]> {
    const states = await this.apps.states(ctx);
    return [...states]
      .filter(([, { isBound, enabled }]) => isBound && enabled)
      .map(([id, { name, kind }]) => ({ id, name, kind }));
  }

  #read(ctx: Ctx, app: BoundApp): Promise<Synced> {
    return this.#told(app, () => this.#refresh(ctx, app));
  }

  /** What WeChat refuses is told of the account, not thrown. */
  async #told({ id, name }: BoundApp, run: () => Promise<number>): Promise<Synced> {
    const app = { id, name };
    try {
      return { app, templates: await run(), zh: null, en: null };
    } catch (error) {
      const fault = faultOf(error);
      if (fault === undefined) throw error;
      return { app, templates: 0, ...faultSentence(fault) };
    }
  }

  async #refresh(ctx: Ctx, { id: wechatAppId, kind }: BoundApp): Promise<number> {
    const client = await this.clients.of(ctx, wechatAppId);
    const found =
      kind === "miniprogram"
        ? (await client.call(subscribeTemplates)).map((each) => ({
            ...each,
            kind: "subscribe" as const,
            lasts: each.type === lasting,
          }))
        : (await client.call(messageTemplates)).map((each) => ({ ...each, kind: "official" as const, lasts: false }));
    const seenAt = ctx.now();
    await ctx.tx(async (ctx) => {
      await ctx.lock("templates.read", wechatAppId);
      for (const { templateId, title, content, example, kind, lasts } of found) {
        const values = { title, content, example, lasts, fields: JSON.stringify(fieldsOf(content)), seenAt };
        await ctx.db
          .insertInto("templates_template")
          .values({ wechatAppId, templateId, kind, ...values })
          .onConflict((on) => on.columns(["tenantId", "wechatAppId", "templateId"]).doUpdateSet(values))
          .execute();
      }
      const gone = ctx.db.deleteFrom("templates_template").where("wechatAppId", "=", wechatAppId);
      await gone.where("seenAt", "<", seenAt).execute();
    });
    return found.length;
  }
}

/** `单号：{{order.DATA}}` is the field `order` that is called 单号; one without a label is called as it is named. */
export function fieldsOf(content: string): { name: string; label: string }[] {
  return [...content.matchAll(/^([^\n{]*)\{\{\s*(\w+)\.DATA\s*\}\}/gm)].map(([, before = "", name = ""]) => ({
    name,
    label: before.replace(/[:：\s]+$/, "").trim() || name,
  }));
}
