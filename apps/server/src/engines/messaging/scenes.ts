import { Injectable } from "@nestjs/common";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { type Found, those } from "@zhanggui/kit/server/search";
import { Apps } from "../connect/apps.ts";
import { Channels } from "../connect/channels.ts";
import { boundTo, namedIn } from "./internal/blocks.ts";
import { messaging } from "./messaging.contract.ts";
import type { SceneTrigger } from "./scene.contract.ts";
import { assertTemplate } from "./internal/templates.ts";

type SceneBody = Flat<typeof messaging.createScene>;
type SceneView = Out<typeof messaging.createScene>;
/** A scene as it is now. */
export type SceneVersion = Pick<SceneView, "id" | "version" | "name" | "trigger" | "channelId" | "items" | "enabled">;

const mostRevisions = 200;
type SceneRow = SceneVersion & { readonly createdAt: Date };

/** Scenes: what is sent when something happens. A change is a new version; deliveries name the one that sent them. */
@Injectable()
export class Scenes {
  constructor(
    private readonly apps: Apps,
    private readonly channels: Channels,
  ) {}

  list(ctx: Ctx, query: Flat<typeof messaging.listScenes>): Promise<Out<typeof messaging.listScenes>> {
    return listOf(ctx, messaging.listScenes, query, this.#current(ctx), {
      search: (part) => this.#search(ctx, part),
      present: (rows) => this.#presented(ctx, rows),
    });
  }

  /** The enabled scenes that this event starts. */
  async startedBy(ctx: Ctx, trigger: string, channelId: string | null): Promise<SceneVersion[]> {
    return this.#current(ctx)
      .where("messaging_scene_version.trigger", "=", trigger as SceneTrigger)
      .where("messaging_scene_version.enabled", "=", true)
      .where((eb) =>
        eb.or([
          eb("messaging_scene_version.channelId", "is", null),
          ...(channelId === null ? [] : [eb("messaging_scene_version.channelId", "=", channelId)]),
        ]),
      )
      .orderBy("messaging_scene.id")
      .execute();
  }

  /** @throws Fault `messaging.bad_template`, `kit.not_found` for a channel that isn't there */
  async create(ctx: Ctx, scene: SceneBody) {
    await this.#check(ctx, scene);
    return ctx.tx(async (ctx) => {
      const { id } = await ctx.db
        .insertInto("messaging_scene")
        .values({ version: 1 })
        .returning("id")
        .executeTakeFirstOrThrow();
      await this.#write(ctx, id, 1, scene);
      return this.#get(ctx, id);
    });
  }

  /** @throws Fault `kit.conflict` if `version` is no longer the current one */
  async update(ctx: Ctx, { sceneId, version, ...scene }: Flat<typeof messaging.updateScene>) {
    await this.#check(ctx, scene);
    return ctx.tx(async (ctx) => {
      await this.#get(ctx, sceneId);
      await ctx.db
        .updateTable("messaging_scene")
        .set({ version: version + 1 })
        .where("id", "=", sceneId)
        .where("version", "=", version)
        .returning("id")
        .executeTakeFirstOrThrow(() => conflict());
      await this.#write(ctx, sceneId, version + 1, scene);
      return this.#get(ctx, sceneId);
    });
  }

  /** @throws Fault `kit.not_found` */
  async history(
    ctx: Ctx,
    { sceneId }: Flat<typeof messaging.sceneHistory>,
  ): Promise<Out<typeof messaging.sceneHistory>> {
    await this.#get(ctx, sceneId);
    const rows = await ctx.db
      .selectFrom("messaging_scene_version")
      .select(["version", "changedBy", "createdAt as changedAt", "name", "trigger", "channelId", "items", "enabled"])
      .where("sceneId", "=", sceneId)
      .orderBy("version", "desc")
      .limit(mostRevisions)
      .execute();
    const channels = await this.channels.states(ctx);
    return { items: rows.map((row) => ({ ...row, channel: namedIn(channels, row.channelId) })) };
  }

  /** Its versions stay: what they sent names them. What is queued goes out still. */
  async delete(ctx: Ctx, { sceneId }: Flat<typeof messaging.deleteScene>): Promise<void> {
    await ctx.db
      .updateTable("messaging_scene")
      .set({ deletedAt: ctx.now() })
      .where("id", "=", sceneId)
      .where("deletedAt", "is", null)
      .returning("id")
      .executeTakeFirstOrThrow(() => notFound());
  }

  async #get(ctx: Ctx, sceneId: string): Promise<SceneView> {
    const rows = await this.#current(ctx).where("messaging_scene.id", "=", sceneId).execute();
    const [scene] = await this.#presented(ctx, rows);
    if (scene === undefined) throw notFound();
    return scene;
  }

  async #presented(ctx: Ctx, rows: readonly SceneRow[]): Promise<SceneView[]> {
    const around = { now: ctx.now(), apps: await this.apps.states(ctx), channels: await this.channels.states(ctx) };
    return rows.map((row) => ({
      ...row,
      channel: namedIn(around.channels, row.channelId),
      blocked: boundTo({ wechatAppId: null, channelId: row.channelId }, around),
    }));
  }

  /** By their present names: a tenant has dozens. */
  async #search(ctx: Ctx, part: string): Promise<Found> {
    const all = await this.#current(ctx).execute();
    return those(all.filter(({ name }) => name.toLowerCase().includes(part.toLowerCase())).map(({ id }) => id));
  }

  async #write(ctx: TxCtx, sceneId: string, version: number, scene: SceneBody): Promise<void> {
    await ctx.db
      .insertInto("messaging_scene_version")
      .values({
        sceneId,
        version,
        name: scene.name,
        trigger: scene.trigger,
        channelId: scene.channelId,
        items: JSON.stringify(scene.items),
        enabled: scene.enabled,
        changedBy: ctx.actor.id,
      })
      .execute();
  }

  async #check(ctx: Ctx, { channelId, items }: SceneBody): Promise<void> {
    if (channelId !== null && (await this.channels.find(ctx, channelId)) === undefined)
      throw notFound({ errors: [{ field: "channelId" }] });
    for (const [index, item] of items.entries()) {
      const at = `items.${index}`;
      const sentences = item.channel === "mail" ? { subject: item.subject, text: item.text } : { data: item.data };
      for (const [name, sentence] of Object.entries(sentences)) {
        if (typeof sentence === "string") await assertTemplate(`${at}.${name}`, sentence);
        else
          for (const key of Object.keys(sentence)) await assertTemplate(`${at}.data.${key}`, sentence[key] ?? "", key);
      }
    }
  }

  #current(ctx: Ctx) {
    return ctx.db
      .selectFrom("messaging_scene")
      .innerJoin("messaging_scene_version", (join) =>
        join
          .onRef("messaging_scene_version.sceneId", "=", "messaging_scene.id")
          .onRef("messaging_scene_version.version", "=", "messaging_scene.version"),
      )
      .where("messaging_scene.deletedAt", "is", null)
      .select([
        "messaging_scene.id",
        "messaging_scene.version",
        "messaging_scene.createdAt",
        "messaging_scene_version.name",
        "messaging_scene_version.trigger",
        "messaging_scene_version.channelId",
        "messaging_scene_version.items",
        "messaging_scene_version.enabled",
      ]);
  }
}
