import { Injectable } from "@nestjs/common";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import type { In, Out } from "@zhanggui/kit/contract/route";
import { owned, type Ctx, type TxCtx } from "@zhanggui/kit/server/ctx";
import type { Selectable } from "kysely";
import type { z } from "zod";
import { Channels } from "../connect/channels.ts";
import { type messaging, SceneItem, SceneTrigger } from "./messaging.contract.ts";
import type { MessagingTables } from "./messaging.tables.ts";
import { assertTemplate } from "./internal/templates.ts";

type SceneBody = In<typeof messaging.createScene>["body"];
export type SceneItemValue = z.output<typeof SceneItem>;

export interface SceneVersion {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly trigger: z.output<typeof SceneTrigger>;
  readonly channelId: string | null;
  readonly items: readonly SceneItemValue[];
  readonly enabled: boolean;
  readonly createdAt: Date;
}

/** Scenes: what is sent when something happens. A change is a new version; deliveries name the one that sent them. */
@Injectable()
export class Scenes {
  readonly #channels: Channels;

  constructor(channels: Channels) {
    this.#channels = channels;
  }

  async list(ctx: Ctx): Promise<Out<typeof messaging.listScenes>["items"]> {
    const rows = await this.#current(ctx).orderBy("messaging_scene.created_at").orderBy("messaging_scene.id").execute();
    return rows.map(toScene).map((scene) => ({ ...scene, items: [...scene.items] }));
  }

  /** The enabled scenes that this event starts. */
  async startedBy(ctx: Ctx, trigger: string, channelId: string | null): Promise<SceneVersion[]> {
    const rows = await this.#current(ctx)
      .where("messaging_scene_version.trigger", "=", trigger)
      .where("messaging_scene_version.enabled", "=", true)
      .where((eb) =>
        eb.or([
          eb("messaging_scene_version.channel_id", "is", null),
          ...(channelId === null ? [] : [eb("messaging_scene_version.channel_id", "=", channelId)]),
        ]),
      )
      .orderBy("messaging_scene.id")
      .execute();
    return rows.map(toScene);
  }

  /** @throws Fault `messaging.bad_template`, `kit.not_found` for a channel that isn't there */
  async create(ctx: Ctx, scene: SceneBody) {
    await this.#check(ctx, scene);
    const head = owned(ctx);
    return ctx.tx(async (ctx) => {
      await ctx.db
        .insertInto("messaging_scene")
        .values({ ...head, version: 1 })
        .execute();
      await this.#write(ctx, head.id, 1, scene);
      return this.#get(ctx, head.id);
    });
  }

  /** @throws Fault `kit.conflict` if `version` is no longer the current one */
  async update(ctx: Ctx, sceneId: string, { version, ...scene }: SceneBody & { version: number }) {
    await this.#check(ctx, scene);
    return ctx.tx(async (ctx) => {
      await this.#get(ctx, sceneId);
      const moved = await ctx.db
        .updateTable("messaging_scene")
        .set({ version: version + 1 })
        .where("id", "=", sceneId)
        .where("version", "=", version)
        .returning("id")
        .executeTakeFirst();
      if (moved === undefined) throw conflict();
      await this.#write(ctx, sceneId, version + 1, scene);
      return this.#get(ctx, sceneId);
    });
  }

  async #get(ctx: Ctx, sceneId: string) {
    const row = await this.#current(ctx).where("messaging_scene.id", "=", sceneId).executeTakeFirst();
    if (row === undefined) throw notFound();
    const scene = toScene(row);
    return { ...scene, items: [...scene.items] };
  }

  async #write(ctx: TxCtx, sceneId: string, version: number, scene: SceneBody): Promise<void> {
    await ctx.db
      .insertInto("messaging_scene_version")
      .values({
        tenant_id: ctx.tenantId,
        scene_id: sceneId,
        version,
        name: scene.name,
        trigger: scene.trigger,
        channel_id: scene.channelId,
        items: JSON.stringify(scene.items),
        enabled: scene.enabled,
        changed_by: ctx.actor.id,
        created_at: ctx.now(),
      })
      .execute();
  }

  async #check(ctx: Ctx, { channelId, items }: SceneBody): Promise<void> {
    if (channelId !== null && (await this.#channels.find(ctx, channelId)) === undefined) throw notFound();
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
          .onRef("messaging_scene_version.scene_id", "=", "messaging_scene.id")
          .onRef("messaging_scene_version.version", "=", "messaging_scene.version"),
      )
      .selectAll("messaging_scene_version")
      .select("messaging_scene.created_at as first_created_at");
  }
}

type VersionRow = Selectable<MessagingTables["messaging_scene_version"]> & { first_created_at: Date };

function toScene(row: VersionRow): SceneVersion {
  return {
    id: row.scene_id,
    version: row.version,
    name: row.name,
    trigger: SceneTrigger.parse(row.trigger),
    channelId: row.channel_id,
    items: SceneItem.array().parse(row.items),
    enabled: row.enabled,
    createdAt: row.first_created_at,
  };
}
