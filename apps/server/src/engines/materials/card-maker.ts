import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { addMaterial } from "@zhanggui/wechat/calls/media";
import { outcomeOfWrite, type WechatClient } from "@zhanggui/wechat/client";
import { fileOf, type UploadFile } from "@zhanggui/wechat/upload";
import { faultSentence } from "@zhanggui/kit/server/fault-sentence";
import { FilesService } from "../../foundation/files/files.service.ts";
import { faultOf, WechatClients } from "../connect/clients.ts";
import type { CardRow } from "./cards.ts";
import { cardPicture } from "./internal/card-picture.ts";
import { findByName, isListed, uploadNameOf } from "./internal/card-upload.ts";
import { again, isPassing } from "./internal/passing.ts";
import { makeCard } from "./materials.jobs.ts";

/** Longer than a run may take (materials.jobs.ts). */
const leaseMs = 150_000;
const stopped = { zh: "制作中断。", en: "The making broke off." } as const;
const lost = {
  zh: "微信没有答复，过几分钟会到素材库里查找这张图片。",
  en: "WeChat didn't answer. The picture is looked for in its library in a few minutes.",
} as const;

type Named = CardRow & { readonly uploadName: string };
/** What is written of a card while it is made. */
type Change = Partial<Pick<CardRow, "state" | "mediaId" | "madeAt" | "uploadName" | "askedAt" | "zh" | "en">>;

/**
 * Puts a card's picture into the account's library, once: WeChat takes the same picture as often as it is given. So it
 * goes under a name of its own, which is written down before WeChat is asked. Whoever finds a card that was asked for
 * and has no outcome (no answer came, or the process died) looks for the name first.
 */
@Injectable()
export class CardMaker {
  constructor(
    private readonly clients: WechatClients,
    private readonly files: FilesService,
  ) {}

  /** What WeChat refuses for good is told, and tried again at night; what passes, and what is unknown, by the queue. */
  async make(ctx: Ctx, { cardId }: { readonly cardId: string }): Promise<void> {
    const row = await this.#claim(ctx, cardId);
    if (row === undefined) return this.#wait(ctx, cardId);
    try {
      const client = await this.clients.of(ctx, row.wechatAppId);
      const { uploadName } = row;
      const named = uploadName === null ? await this.#look(ctx, client, row) : { ...row, uploadName };
      if (named !== undefined) await this.#put(ctx, client, named);
    } catch (error) {
      await this.#failed(ctx, cardId, error);
      const fault = faultOf(error);
      if (fault === undefined || isPassing(error)) throw error;
    } finally {
      await this.#free(ctx, row);
    }
  }

  /** Whether what was made is still there; if not, the row with the name by which it is made anew. */
  async #look(ctx: Ctx, client: WechatClient, row: CardRow): Promise<Named | undefined> {
    if (row.mediaId !== null && (await isListed(client, row.mediaId))) {
      await this.#write(ctx, row, { state: "made" });
      return undefined;
    }
    const change = { uploadName: uploadNameOf(ctx), mediaId: null };
    return (await this.#write(ctx, row, change)) ? { ...row, ...change } : undefined;
  }

  async #put(ctx: Ctx, client: WechatClient, row: Named): Promise<void> {
    if (row.askedAt !== null) {
      const found = await findByName(client, row.uploadName, row.askedAt);
      if (found !== undefined) return this.#made(ctx, row, found);
    }
    const file = await this.#picture(ctx, row.fileId, row.uploadName);
    if (!(await this.#write(ctx, row, { askedAt: ctx.now() }))) return;
    let mediaId: string;
    try {
      ({ mediaId } = await client.call(addMaterial, { type: "image", file }));
    } catch (error) {
      if (outcomeOfWrite(error) === "not_done") await this.#write(ctx, row, { askedAt: null });
      throw error;
    }
    await this.#made(ctx, row, mediaId);
  }

  async #picture(ctx: Ctx, fileId: string | null, name: string): Promise<UploadFile> {
    if (fileId === null) return fileOf(name, "image/png", cardPicture());
    const { type, sizeBytes } = await this.files.find(ctx, fileId);
    return { name, contentType: type, size: sizeBytes, open: () => this.files.bytesOf(ctx, fileId) };
  }

  /** One run at a time. Undefined while another is at it, or the card has gone. */
  #claim(ctx: Ctx, cardId: string): Promise<CardRow | undefined> {
    const busyUntil = new Date(ctx.now().getTime() + leaseMs);
    return ctx.db
      .updateTable("materials_card")
      .set({ busyUntil })
      .where("id", "=", cardId)
      .where(({ or, eb }) => or([eb("busyUntil", "is", null), eb("busyUntil", "<=", ctx.now())]))
      .returningAll()
      .executeTakeFirst();
  }

  /** Whoever is at it may have died: somebody looks when their time is over. */
  async #wait(ctx: Ctx, cardId: string): Promise<void> {
    await ctx.tx(async (ctx) => {
      const rows = ctx.db.selectFrom("materials_card").select("busyUntil").where("id", "=", cardId);
      const startAfter = (await rows.executeTakeFirst())?.busyUntil ?? undefined;
      if (startAfter !== undefined) await ctx.enqueue(makeCard, { cardId }, { singletonKey: cardId, startAfter });
    });
  }

  /** Of a card whose picture was changed meanwhile nothing is written: another run makes that one. */
  async #write(ctx: Ctx, { id, uploadName }: Pick<CardRow, "id" | "uploadName">, change: Change): Promise<boolean> {
    const written = await ctx.db
      .updateTable("materials_card")
      .set(change)
      .where("id", "=", id)
      .where("uploadName", "is not distinct from", uploadName)
      .returning("id")
      .executeTakeFirst();
    return written !== undefined;
  }

  async #made(ctx: Ctx, row: Named, mediaId: string): Promise<void> {
    const [now, { wechatAppId, uploadName: name }] = [ctx.now(), row];
    const done = { state: "made", uploadName: null, askedAt: null, zh: null, en: null } as const;
    await ctx.tx(async (ctx) => {
      await this.#write(ctx, row, { ...done, mediaId, madeAt: now });
      await ctx.db
        .insertInto("materials_item")
        .values({ wechatAppId, kind: "image", mediaId, name, changedAt: now, seenAt: now })
        .onConflict((on) => on.columns(["tenantId", "wechatAppId", "mediaId"]).doUpdateSet({ seenAt: now }))
        .execute();
    });
  }

  /** Where WeChat was asked and nobody knows what it did, that is what stands there. */
  async #failed(ctx: Ctx, cardId: string, error: unknown): Promise<void> {
    const fault = faultOf(error);
    const why = fault === undefined ? stopped : faultSentence(fault);
    const goesOn = fault === undefined || isPassing(error);
    const told = goesOn ? { zh: why.zh + again.zh, en: `${why.en} ${again.en}` } : { zh: why.zh, en: why.en };
    const of = ctx.db.updateTable("materials_card").where("id", "=", cardId).where("state", "!=", "made");
    await of
      .set({ state: "failed", ...told })
      .where("askedAt", "is", null)
      .execute();
    await of
      .set({ state: "unknown", ...lost })
      .where("askedAt", "is not", null)
      .execute();
  }

  /** Made, it has no name any more; of one whose picture was changed meanwhile the next run holds it. */
  async #free(ctx: Ctx, { id, busyUntil }: CardRow): Promise<void> {
    await ctx.db
      .updateTable("materials_card")
      .set({ busyUntil: null })
      .where("id", "=", id)
      .where("busyUntil", "=", busyUntil)
      .execute();
  }
}
