import { Injectable } from "@nestjs/common";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { Fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { mediaLimits } from "@zhanggui/wechat/calls/media";
import { sql } from "kysely";
import { Tenants } from "../../../foundation/access/tenants.ts";
import { FilesService } from "../../../foundation/files/files.service.ts";
import { pictureNotTaken } from "../conversations.contract.ts";
import { pictureGone } from "../desk.contract.ts";
import type { messaging } from "../messaging.contract.ts";

const use = {
  by: "messaging.reply",
  label: { zh: "会话中发送的图片", en: "A picture sent in a conversation" },
} as const;
const pictureTimeoutMs = 10_000;
/** Where WeChat keeps what people send (recalled). */
const pictureHosts = ".qpic.cn";
const shown: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const taken: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif"]);
/** At a time; the rest the next day. */
const mostReleased = 1_000;

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Pictures that operators send: files that are kept as long as the answer that sends them. */
@Injectable()
export class Pictures {
  constructor(
    private readonly runtime: Runtime,
    private readonly files: FilesService,
    private readonly tenants: Tenants,
  ) {}

  /** That it is the caller's and WeChat takes it. @throws Fault `messaging.picture_not_taken`, `kit.not_found` */
  async demand(ctx: Ctx, fileId: string): Promise<{ fileId: string; fileName: string }> {
    const { type, sizeBytes, name } = await this.files.own(ctx, fileId);
    if (!taken.has(type) || sizeBytes > mediaLimits.bytes.image)
      throw pictureNotTaken({ errors: [{ field: "fileId" }] });
    return { fileId, fileName: name };
  }

  async keep(ctx: TxCtx, deliveryId: string, fileId: string): Promise<void> {
    await this.files.use(ctx, fileId, { ...use, ref: deliveryId });
    await ctx.db.insertInto("messaging_picture").values({ deliveryId, fileId }).execute();
  }

  /** @throws Fault `kit.not_found` for a delivery without one, or one that has gone meanwhile */
  async sent(ctx: Ctx, deliveryId: string): Promise<Out<typeof messaging.pictureSent>> {
    const row = await ctx.db
      .selectFrom("messaging_picture")
      .select("fileId")
      .where("deliveryId", "=", deliveryId)
      .executeTakeFirst();
    if (row === undefined) throw notFound();
    const { id, type, sizeBytes, name } = await this.files.find(ctx, row.fileId);
    const stream = this.files.bytesOf(ctx, id);
    return { contentType: type, stream, lengthBytes: sizeBytes, fileName: name };
  }

  /** @throws Fault `kit.not_found` */
  ofDelivery(
    ctx: Ctx,
    { deliveryId }: Flat<typeof messaging.deliveryPicture>,
  ): Promise<Out<typeof messaging.deliveryPicture>> {
    return this.sent(ctx, deliveryId);
  }

  /**
   * A picture that a customer sent, from where WeChat keeps it. Only its own hosts are asked: a push could name any.
   *
   * @throws Fault `messaging.picture_gone`
   */
  async said(ctx: Ctx, address: string): Promise<Out<typeof messaging.pictureSaid>> {
    const { WECHAT_API_URL, WECHAT_MP_URL } = this.runtime.env;
    const own = [WECHAT_API_URL, WECHAT_MP_URL].map((each) => new URL(each).host);
    const { host, hostname, protocol } = new URL(address);
    const isWechats = own.includes(host) || (/^https?:$/.test(protocol) && hostname.endsWith(pictureHosts));
    if (!isWechats) throw pictureGone();
    const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(pictureTimeoutMs)]);
    try {
      const answer = await fetch(address, { redirect: "error", signal });
      const contentType = answer.headers.get("content-type")?.split(";")[0] ?? "";
      const lengthBytes = Number(answer.headers.get("content-length") ?? Infinity);
      if (!answer.ok || !shown.has(contentType) || lengthBytes > mediaLimits.bytes.image || answer.body === null)
        throw pictureGone();
      const bytes = Buffer.from(await answer.arrayBuffer());
      if (bytes.length > mediaLimits.bytes.image) throw pictureGone();
      return { contentType, stream: whole(bytes), lengthBytes: bytes.length };
    } catch (error) {
      throw error instanceof Fault ? error : pictureGone({}, { cause: error });
    }
  }

  async bytes(ctx: Ctx, fileId: string): Promise<{ bytes: Buffer; contentType: string; fileName: string }> {
    const { type: contentType, name: fileName } = await this.files.find(ctx, fileId);
    return { bytes: Buffer.concat(await Array.fromAsync(this.files.bytesOf(ctx, fileId))), contentType, fileName };
  }

  /** Daily: those whose answers are kept no longer. */
  release(): Promise<void> {
    return this.tenants.each((ctx) =>
      ctx.tx(async (ctx) => {
        const gone = await ctx.db
          .deleteFrom("messaging_picture")
          .where("deliveryId", "in", (eb) =>
            eb
              .selectFrom("messaging_picture as p")
              .leftJoin("messaging_delivery as d", "d.id", "p.deliveryId")
              .select("p.deliveryId")
              .where(sql<boolean>`d.id IS NULL`)
              .limit(mostReleased),
          )
          .returningAll()
          .execute();
        for (const { deliveryId, fileId } of gone) await this.files.release(ctx, fileId, { ...use, ref: deliveryId });
      }),
    );
  }
}
