import { Injectable } from "@nestjs/common";
import type { BytesOut } from "@zhanggui/kit/contract/body";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { searchIn } from "@zhanggui/kit/server/search";
import { deleteDraft } from "@zhanggui/wechat/calls/articles";
import { addMaterial, deleteMaterial, getMaterial, makeMassVideo, uploadMedia } from "@zhanggui/wechat/calls/media";
import type { WechatClient } from "@zhanggui/wechat/client";
import { WechatError } from "@zhanggui/wechat/transport";
import type { UploadFile } from "@zhanggui/wechat/upload";
import { sql } from "kysely";
import { FilesService } from "../../foundation/files/files.service.ts";
import { Apps } from "../connect/apps.ts";
import { WechatClients } from "../connect/clients.ts";
import { Cards } from "./cards.ts";
import { demandFile } from "./internal/taken.ts";
import { materials } from "./materials.contract.ts";

type MaterialView = Out<typeof materials.upload>;
type MassSending = MaterialView["massSending"];
/** What stands in WeChat's material library, and what of it can be mass sent. */
@Injectable()
export class MaterialsService {
  constructor(
    private readonly apps: Apps,
    private readonly clients: WechatClients,
    private readonly files: FilesService,
    private readonly cards: Cards,
  ) {}

  list(ctx: Ctx, query: Flat<typeof materials.list>): Promise<Out<typeof materials.list>> {
    return listOf(ctx, materials.list, query, materialRows(ctx), {
      search: (part) => searchIn(ctx, "materials_item", "name", part),
      present: (rows) => this.apps.namedIn(ctx, rows),
    });
  }

  /** For engines that send it; undefined if it has gone. */
  look(ctx: Ctx, materialId: string) {
    return materialRows(ctx).where("id", "=", materialId).executeTakeFirst();
  }

  async #find(ctx: Ctx, materialId: string) {
    const row = await this.look(ctx, materialId);
    if (row === undefined) throw notFound();
    return row;
  }

  /**
   * Uploads at WeChat first, then keeps what it gave.
   *
   * @throws Fault `kit.not_found`, `materials.not_such_file`, `connect.app_off`, `connect.wechat_refused`,
   *   `connect.wechat_unreachable`
   */
  async upload(ctx: Ctx, { wechatAppId, kind, fileId, title, description }: Flat<typeof materials.upload>) {
    const stored = await this.files.own(ctx, fileId);
    demandFile(kind, stored);
    const file: UploadFile = {
      name: stored.name,
      contentType: stored.type,
      size: stored.sizeBytes,
      open: () => this.files.bytesOf(ctx, fileId),
    };
    const words = { title: title ?? stored.name, description: description ?? "" };
    const made = await this.clients.ask(ctx, wechatAppId, (client) =>
      kind === "mass_video" ? massVideo(client, file, words) : listed(client, kind, file, words),
    );
    const now = ctx.now();
    const { id } = await ctx.db
      .insertInto("materials_item")
      .values({ wechatAppId, kind, name: words.title, changedAt: now, seenAt: now, ...made })
      .onConflict((on) => on.columns(["tenantId", "wechatAppId", "mediaId"]).doUpdateSet({ seenAt: now }))
      .returning("id")
      .executeTakeFirstOrThrow();
    return this.apps.namedOne(ctx, await this.#find(ctx, id));
  }

  /** @throws Fault `kit.not_found` for what is no picture; `connect.*` */
  async picture(ctx: Ctx, { materialId }: Flat<typeof materials.picture>): Promise<BytesOut> {
    const { kind, mediaId, wechatAppId } = await this.#find(ctx, materialId);
    if (kind !== "image") throw notFound();
    const got = await this.clients.ask(ctx, wechatAppId, (client) => client.call(getMaterial, { mediaId }));
    if (got.kind !== "file" || !/^image\/(?:jpeg|jpg|png|gif|bmp)$/.test(got.file.contentType)) throw notFound();
    return { contentType: got.file.contentType, body: got.file.bytes };
  }

  /** @throws Fault `kit.not_found`, `connect.*` */
  async delete(ctx: Ctx, { materialId }: Flat<typeof materials.delete>): Promise<Record<string, never>> {
    const { kind, mediaId, wechatAppId } = await this.#find(ctx, materialId);
    // A video for mass sending is in no library: it goes by itself.
    if (kind !== "mass_video") await this.clients.ask(ctx, wechatAppId, (client) => removeAt(client, mediaId));
    await ctx.db.deleteFrom("materials_item").where("id", "=", materialId).execute();
    if (kind === "image") await this.cards.deleted(ctx, wechatAppId, mediaId);
    return {};
  }
}

function materialRows(ctx: Ctx) {
  const massSending = sql<MassSending>`CASE WHEN kind = 'video' THEN 'listed_video'
    WHEN expires_at <= ${ctx.now()} THEN 'expired' ELSE 'yes' END`;
  return ctx.db.selectFrom("materials_item").selectAll().select(massSending.as("massSending"));
}

interface AtWechat {
  readonly mediaId: string;
  readonly expiresAt: Date | null;
}

async function listed(
  client: WechatClient,
  type: "image" | "voice" | "video",
  file: UploadFile,
  { title, description: introduction }: { title: string; description: string },
): Promise<AtWechat> {
  const { mediaId } = await client.call(addMaterial, { type, file, title, introduction });
  return { mediaId, expiresAt: null };
}

/** The only video that WeChat mass sends is one that was uploaded from disk, for three days. */
async function massVideo(
  client: WechatClient,
  file: UploadFile,
  words: { title: string; description: string },
): Promise<AtWechat> {
  const { mediaId, expiresAt } = await client.call(uploadMedia, { type: "video", file });
  const made = await client.call(makeMassVideo, { mediaId, ...words });
  return { mediaId: made.mediaId, expiresAt };
}

/** A draft of articles isn't in the library proper. */
async function removeAt(client: WechatClient, mediaId: string): Promise<void> {
  try {
    await client.call(deleteMaterial, { mediaId });
  } catch (error) {
    if (!(error instanceof WechatError) || error.errcode !== 40007) throw error;
    await client.call(deleteDraft, { mediaId }).catch((gone: unknown) => {
      // Gone already is what was wanted.
      if (!(gone instanceof WechatError) || gone.errcode !== 40007) throw gone;
    });
  }
}
