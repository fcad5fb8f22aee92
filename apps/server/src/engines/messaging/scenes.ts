import { Injectable } from "@nestjs/common";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Channels } from "../connect/channels.ts";
import type { messaging, SceneTrigger } from "./messaging.contract.ts";
import { assertTemplate } from "./internal/templates.ts";

type SceneBody = Flat<typeof messaging.createScene>;
export type SceneVersion = Out<typeof messaging.listScenes>["items"][number];

/** Scenes: what is sent when something happens. A change is a new version; deliveries name the one that sent them. */
@Injectable()
export class Scenes {
  constructor(private readonly channels: Channels) {}

  async list(ctx: Ctx): Promise<SceneVersion[]> {
    return this.#current(ctx).orderBy("messaging_scene.createdAt").orderBy("messaging_scene.id").execute();
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

  async #get(ctx: Ctx, sceneId: string) {
    const row = await this.#current(ctx).where("messaging_scene.id", "=", sceneId).executeTakeFirst();
    if (row === undefined) throw notFound();
    return row;
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
    if (channelId !== null && (await this.channels.find(ctx, channelId)) === undefined) throw notFound();
    for (const [index, item] of items.entries()) {
      const sentences = item.channel === "mail" ? { subject: item.subject, text: item.text } : item.data;
      for (const [name, sentence] of Object.entries(sentences))
        await assertTemplate(`items.${index}.${name}`, sentence);
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
