import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { getMedia } from "@zhanggui/wechat/calls/media";
import { WechatError } from "@zhanggui/wechat/transport";
import { sql } from "kysely";
import { Tenants } from "../../foundation/access/tenants.ts";
import type { FileType } from "../../foundation/files/files.contract.ts";
import { type FileRow, FilesService } from "../../foundation/files/files.service.ts";
import { mediaGone, wechatUnreachable } from "./call.contract.ts";
import { WechatClients } from "./clients.ts";
import type { Openid } from "./openid.ts";

const kinds = ["voice", "video", "shortvideo"] as const;
/** WeChat's own pieces are smaller; what is larger isn't one (recalled). */
const mostBytes = 25 * 1_048_576;
const timeoutMs = 60_000;
/** WeChat keeps it for three days (temporary/api_getmedia, read 2026-11). */
const goneErrcodes: ReadonlySet<number> = new Set([40007, 40004]);
const use = { by: "connect.media", label: { zh: "客户发来的语音和视频", en: "What a customer sent" } } as const;
/** WeChat answers over its API where its videos are, on hosts of these domains (recalled). */
const wechatsDomains = [".qq.com", ".qpic.cn", ".weixin.com"];
/** In one transaction. */
const mostReleased = 1_000;

interface Bytes {
  readonly bytes: Uint8Array;
  readonly type: FileType;
}

/** Voice and video that customers sent: fetched from WeChat once, when somebody wants to hear or see it, and kept. */
@Injectable()
export class ReceivedMedia {
  /** Those of this process who want the same at once ask once. */
  readonly #underWay = new Map<string, Promise<FileRow>>();

  constructor(
    private readonly runtime: Runtime,
    private readonly clients: WechatClients,
    private readonly files: FilesService,
    private readonly tenants: Tenants,
  ) {}

  /**
   * The file of a message of theirs.
   *
   * @throws Fault `kit.not_found` for a message that has none; `connect.media_gone`; `connect.*`
   */
  async of(ctx: Ctx, { wechatAppId, openid }: Openid, inboundId: string): Promise<FileRow> {
    const said = await ctx.db
      .selectFrom("connect_inbound")
      .select(["content", "kind"])
      .where("id", "=", inboundId)
      .where("wechatAppId", "=", wechatAppId)
      .where("openid", "=", openid)
      .where("kind", "in", [...kinds])
      .executeTakeFirst();
    const mediaId = said?.content["MediaId"];
    if (said === undefined || typeof mediaId !== "string") throw notFound();
    const key = `${ctx.tenantId} ${inboundId}`;
    const known = this.#underWay.get(key);
    if (known !== undefined) return leaving(ctx.signal, known);
    // Whoever asks first may leave while others wait: what all share outlives each of them.
    const { tenantId, actor, traceId } = ctx;
    const own = this.runtime.ctx(tenantId, { actor, traceId, signal: AbortSignal.timeout(timeoutMs) });
    const wanted = this.#wanted(own, { wechatAppId, inboundId, mediaId, isVoice: said.kind === "voice" });
    this.#underWay.set(key, wanted);
    const over = (): void => void this.#underWay.delete(key);
    wanted.then(over, over);
    return leaving(ctx.signal, wanted);
  }

  /** Daily: those whose messages are kept no longer. */
  release(): Promise<void> {
    return this.tenants.eachWritable(async (ctx) => {
      while ((await this.#releaseSome(ctx)) === mostReleased);
    });
  }

  #releaseSome(ctx: Ctx): Promise<number> {
    return ctx.tx(async (ctx) => {
      const gone = await ctx.db
        .deleteFrom("connect_media")
        .where("inboundId", "in", (eb) =>
          eb
            .selectFrom("connect_media as m")
            .leftJoin("connect_inbound as i", "i.id", "m.inboundId")
            .select("m.inboundId")
            .where(sql<boolean>`i.id IS NULL`)
            .limit(mostReleased),
        )
        .returningAll()
        .execute();
      for (const { inboundId, fileId } of gone)
        if (fileId !== null) await this.files.release(ctx, fileId, { ...use, ref: inboundId });
      return gone.length;
    });
  }

  async #wanted(
    ctx: Ctx,
    asked: {
      readonly wechatAppId: string;
      readonly inboundId: string;
      readonly mediaId: string;
      readonly isVoice: boolean;
    },
  ): Promise<FileRow> {
    const { inboundId, isVoice } = asked;
    const kept = await this.#kept(ctx, inboundId);
    if (kept !== undefined) return this.#file(ctx, kept);
    const got = await this.#fetched(ctx, asked);
    if (got === undefined) {
      await this.#note(ctx, inboundId, null);
      throw mediaGone();
    }
    const name = `${isVoice ? "voice" : "video"}-${inboundId}.${endings[got.type] ?? "bin"}`;
    const file = await this.files.keep(ctx, { name, type: got.type, bytes: whole(got.bytes) });
    const fileId = await this.#note(ctx, inboundId, file.id);
    return this.#file(ctx, { fileId });
  }

  #kept(ctx: Ctx, inboundId: string) {
    const rows = ctx.db.selectFrom("connect_media").select("fileId").where("inboundId", "=", inboundId);
    return rows.executeTakeFirst();
  }

  #file(ctx: Ctx, { fileId }: { readonly fileId: string | null }): Promise<FileRow> {
    if (fileId === null) throw mediaGone();
    return this.files.find(ctx, fileId);
  }

  /** Of two processes that fetched it at once, the first one's file is it; the other goes after a day. */
  #note(ctx: Ctx, inboundId: string, fileId: string | null): Promise<string | null> {
    return ctx.tx(async (ctx) => {
      const made = await ctx.db
        .insertInto("connect_media")
        .values({ inboundId, fileId, fetchedAt: ctx.now() })
        .onConflict((on) => on.doNothing())
        .returning("fileId")
        .executeTakeFirst();
      if (made === undefined) return (await this.#kept(ctx, inboundId))?.fileId ?? null;
      if (fileId !== null) await this.files.use(ctx, fileId, { ...use, ref: inboundId });
      return fileId;
    });
  }

  /** Undefined: WeChat has forgotten it. */
  async #fetched(
    ctx: Ctx,
    { wechatAppId, mediaId, isVoice }: { wechatAppId: string; mediaId: string; isVoice: boolean },
  ): Promise<Bytes | undefined> {
    const answer = await this.clients.ask(ctx, wechatAppId, async (client) => {
      try {
        return await client.call(getMedia, { mediaId });
      } catch (error) {
        if (error instanceof WechatError && goneErrcodes.has(error.errcode)) return undefined;
        throw error;
      }
    });
    if (answer === undefined) return undefined;
    const bytes = answer.file?.bytes ?? (await this.#downloaded(ctx, answer.url ?? ""));
    if (bytes.byteLength > mostBytes) throw wechatUnreachable({ reason: "larger than any that WeChat keeps" });
    return { bytes, type: typeOf(Buffer.from(bytes.subarray(0, 16)), isVoice) };
  }

  /** A video comes as an address that WeChat gave over its own API. Only its own hosts are asked. */
  async #downloaded(ctx: Ctx, address: string): Promise<Uint8Array> {
    const own = new URL(this.runtime.env.WECHAT_API_URL).host;
    // A refusal to read on ends the connection too.
    const enough = new AbortController();
    try {
      const { host, hostname, protocol } = new URL(address);
      if (protocol !== "http:" && protocol !== "https:") throw new Error(`an address of ${protocol}`);
      if (host !== own && !wechatsDomains.some((domain) => hostname.endsWith(domain)))
        throw new Error(`${host} isn't WeChat's`);
      const signal = AbortSignal.any([ctx.signal, enough.signal, AbortSignal.timeout(timeoutMs)]);
      const answer = await fetch(address, { redirect: "error", signal });
      if (!answer.ok || Number(answer.headers.get("content-length") ?? 0) > mostBytes)
        throw new Error(`status ${answer.status}`);
      return await readUpTo(answer.body, mostBytes);
    } catch (cause) {
      enough.abort();
      throw wechatUnreachable({ reason: cause instanceof Error ? cause.message : String(cause) }, { cause });
    }
  }
}

/** What comes without its length is counted while it is read. */
async function readUpTo(body: AsyncIterable<Uint8Array> | null, most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body ?? []) {
    length += piece.byteLength;
    if (length > most) throw new Error("larger than any that WeChat keeps");
    pieces.push(piece);
  }
  return Buffer.concat(pieces, length);
}

/** Waits as long as whoever asked does. */
function leaving<Value>(signal: AbortSignal, wanted: Promise<Value>): Promise<Value> {
  signal.throwIfAborted();
  const left = Promise.withResolvers<never>();
  const leave = (): void => left.reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  return Promise.race([wanted, left.promise]).finally(() => signal.removeEventListener("abort", leave));
}

const endings: Readonly<Partial<Record<FileType, string>>> = {
  "audio/amr": "amr",
  "audio/mpeg": "mp3",
  "video/mp4": "mp4",
};

/** By its first bytes: WeChat calls voice by several names. */
function typeOf(head: Buffer, isVoice: boolean): FileType {
  if (!isVoice) return "video/mp4";
  const isMp3 =
    head.subarray(0, 3).toString("latin1") === "ID3" || (head[0] === 0xff && ((head[1] ?? 0) & 0xe6) === 0xe2);
  return isMp3 ? "audio/mpeg" : "audio/amr";
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
