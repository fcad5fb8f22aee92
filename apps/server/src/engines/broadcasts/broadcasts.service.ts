import { Injectable } from "@nestjs/common";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { searchIn } from "@zhanggui/kit/server/search";
import { tags } from "@zhanggui/wechat/calls/tags";
import type { MassMessage } from "@zhanggui/wechat/calls/mass-messages";
import { sql } from "kysely";
import { AccessService } from "../../foundation/access/access.service.ts";
import { Followers } from "../audience/followers.ts";
import { Apps } from "../connect/apps.ts";
import { WechatClients } from "../connect/clients.ts";
import { MaterialsService } from "../materials/materials.service.ts";
import { broadcasts, notSendable, tagOfOther } from "./broadcasts.contract.ts";

type BroadcastView = Out<typeof broadcasts.create>;
type Given = Flat<typeof broadcasts.create>;
export type BroadcastRow = Awaited<ReturnType<BroadcastsService["row"]>>;
const noLongerSendable = {
  listed_video: { zh: "微信不接受素材库里的视频。", en: "WeChat refuses videos of its library." },
  expired: { zh: "它已过期，请重新上传。", en: "it has expired; upload it anew." },
  gone: { zh: "素材已被删除。", en: "the material has gone." },
  other_app: { zh: "它是另一个公众号的素材。", en: "it is another account's." },
} as const;

/** Messages to many followers: what they are. How they are sent stands in `sending.ts`. */
@Injectable()
export class BroadcastsService {
  constructor(
    private readonly apps: Apps,
    private readonly clients: WechatClients,
    private readonly materials: MaterialsService,
    private readonly accounts: AccessService,
    private readonly followers: Followers,
  ) {}

  list(ctx: Ctx, query: Flat<typeof broadcasts.list>): Promise<Out<typeof broadcasts.list>> {
    return listOf(ctx, broadcasts.list, query, broadcastRows(ctx), {
      search: (part) => searchIn(ctx, "broadcasts_broadcast", "name", part),
      present: (rows) => this.apps.namedIn(ctx, rows),
    });
  }

  /** @throws Fault `kit.not_found` */
  async get(ctx: Ctx, { broadcastId }: Flat<typeof broadcasts.get>): Promise<Out<typeof broadcasts.get>> {
    const row = await this.row(ctx, broadcastId);
    const [rows, names, material, tag] = await Promise.all([
      ctx.db
        .selectFrom("broadcasts_part")
        .select([...partColumns, "mayBeSent"])
        .where("broadcastId", "=", row.id)
        .orderBy("number")
        .execute(),
      row.sentBy === null ? undefined : this.accounts.names(ctx, [row.sentBy]),
      this.#materialOf(ctx, row),
      row.tagId === null ? undefined : this.followers.tag(ctx, row.tagId),
    ]);
    const unsent = rows.filter(({ state, msgId, mayBeSent }) => state === "failed" && msgId === null && !mayBeSent);
    const name = row.sentBy === null ? undefined : names?.get(row.sentBy);
    return {
      ...row,
      parts: rows,
      tag: tag ?? null,
      resendable: row.state === "taken_down" ? 0 : unsent.reduce((sum, { people }) => sum + people, 0),
      material: material && { id: material.id, name: material.name },
      wechatTag: row.wechatTagId === null ? null : `${row.wechatAppId}:${row.wechatTagId}`,
      sentBy: row.sentBy === null || name === undefined ? null : { id: row.sentBy, name },
    };
  }

  /** @throws Fault `kit.not_found` */
  async row(ctx: Ctx, broadcastId: string) {
    const row = await broadcastRows(ctx).where("id", "=", broadcastId).executeTakeFirst();
    if (row === undefined) throw notFound();
    return this.apps.namedOne(ctx, row);
  }

  /** Of each account that can be asked now; one that can't be has none. */
  async wechatTags(ctx: Ctx): Promise<Out<typeof broadcasts.wechatTags>["items"]> {
    const apps = [...(await this.apps.states(ctx))].filter(
      ([, { kind, enabled, isBound }]) => kind === "official" && enabled && isBound,
    );
    const found = await Promise.all(
      apps.map(async ([appId, { name: appName }]) => {
        const app = { id: appId, name: appName };
        try {
          const client = await this.clients.of(ctx, app.id);
          const all = await client.call(tags);
          return all.map(({ id, name, count }) => ({ id: `${app.id}:${id}`, name, app, people: count }));
        } catch (error) {
          ctx.log.warn({ err: error, wechatAppId: app.id }, "an account's tags can't be read");
          return [];
        }
      }),
    );
    return found.flat();
  }

  /** @throws Fault `kit.not_found`, `broadcasts.not_sendable`, `broadcasts.tag_of_other` */
  async create(ctx: Ctx, given: Given): Promise<BroadcastView> {
    const values = await this.#values(ctx, given);
    const { id } = await ctx.db
      .insertInto("broadcasts_broadcast")
      .values(values)
      .returning("id")
      .executeTakeFirstOrThrow();
    return this.row(ctx, id);
  }

  /** @throws Fault as `create`; `kit.conflict` for one that was sent */
  async update(ctx: Ctx, { broadcastId, ...given }: Flat<typeof broadcasts.update>): Promise<BroadcastView> {
    const values = await this.#values(ctx, given);
    await this.#change(ctx, broadcastId, (drafts) => drafts.set(values).executeTakeFirst());
    return this.row(ctx, broadcastId);
  }

  /** @throws Fault `kit.not_found`; `kit.conflict` for one that was sent */
  async delete(ctx: Ctx, { broadcastId }: Flat<typeof broadcasts.delete>): Promise<Record<string, never>> {
    await this.row(ctx, broadcastId);
    const { numDeletedRows } = await ctx.db
      .deleteFrom("broadcasts_broadcast")
      .where("id", "=", broadcastId)
      .where("state", "=", "draft")
      .executeTakeFirst();
    if (numDeletedRows === 0n) throw conflict();
    return {};
  }

  /** What WeChat is to be given. @throws Fault `broadcasts.not_sendable` */
  async messageOf(ctx: Ctx, row: BroadcastRow): Promise<MassMessage> {
    if (row.text !== null) return { type: "text", text: row.text };
    const { name, kind, mediaId } = await this.#sendable(ctx, row.materialId, row.wechatAppId);
    if (kind === "image") return { type: "image", mediaIds: [mediaId] };
    if (kind === "news") return { type: "mpnews", mediaId };
    if (kind === "voice") return { type: "voice", mediaId };
    if (kind === "mass_video") return { type: "mpvideo", mediaId };
    throw refuse(name, "listed_video");
  }

  async #values(ctx: Ctx, { wechatTag, tagId, text, materialId, ...given }: Given) {
    const { kind } = await this.apps.bound(ctx, given.wechatAppId);
    if (kind !== "official") throw notFound({ errors: [{ field: "wechatAppId" }] });
    const { audience, message } = given;
    const [appId, wechatTagId] = wechatTag?.split(":") ?? [];
    if (audience === "wechat_tag" && appId !== given.wechatAppId)
      throw tagOfOther({ errors: [{ field: "wechatTag" }] });
    if (message === "material") await this.#sendable(ctx, materialId ?? null, given.wechatAppId);
    return {
      ...given,
      wechatTagId: audience === "wechat_tag" ? Number(wechatTagId) : null,
      tagId: audience === "tag" ? (tagId ?? null) : null,
      text: message === "text" ? (text ?? "") : null,
      materialId: message === "material" ? (materialId ?? null) : null,
    };
  }

  async #sendable(ctx: Ctx, materialId: string | null, wechatAppId: string) {
    const found = materialId === null ? undefined : await this.materials.look(ctx, materialId);
    if (found === undefined) throw refuse("", "gone");
    if (found.wechatAppId !== wechatAppId) throw refuse(found.name, "other_app");
    if (found.massSending !== "yes") throw refuse(found.name, found.massSending);
    return found;
  }

  async #materialOf(ctx: Ctx, { materialId }: BroadcastRow) {
    return materialId === null ? null : ((await this.materials.look(ctx, materialId)) ?? null);
  }

  async #change(
    ctx: Ctx,
    id: string,
    run: (drafts: ReturnType<typeof draftOf>) => Promise<{ numUpdatedRows: bigint }>,
  ) {
    await this.row(ctx, id);
    if ((await run(draftOf(ctx, id))).numUpdatedRows === 0n) throw conflict();
  }
}

function refuse(name: string, why: keyof typeof noLongerSendable) {
  const { zh: reasonZh, en: reasonEn } = noLongerSendable[why];
  return notSendable({ name, reasonZh, reasonEn, errors: [{ field: "materialId" }] });
}

/** Without the openids: they are many, and nobody's to read. */
const partColumns = [
  "number",
  "people",
  "state",
  "msgId",
  "status",
  "total",
  "sent",
  "failed",
  "isPolled",
  "zh",
  "en",
  "acceptedAt",
  "endedAt",
] as const;

function draftOf(ctx: Ctx | TxCtx, id: string) {
  return ctx.db.updateTable("broadcasts_broadcast").where("id", "=", id).where("state", "=", "draft");
}

function broadcastRows(ctx: Ctx) {
  return (
    ctx.db
      .selectFrom("broadcasts_broadcast")
      .selectAll()
      .select(sql<number>`total - sent - failed`.as("leftOut"))
      .select(
        sql<boolean>`state IN ('sent', 'partly') AND coalesce(sent_as->>'type', '') IN ('mpnews', 'mpvideo')`.as(
          "canTakeDown",
        ),
      )
      // Before WeChat has counted there is nothing to compare.
      .select(sql<number>`CASE WHEN total = 0 THEN 0 ELSE people - total END`.as("difference"))
  );
}
