import { newId } from "@zhanggui/kit/contract/ids";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { uploadMedia } from "@zhanggui/wechat/calls/media";
import { fileOf } from "@zhanggui/wechat/upload";
import type { TestServer } from "../../../testing/test-server.ts";
import { WechatClients } from "../clients.ts";
import type { Openid } from "../openid.ts";

/** A message of voice or video, as if a customer had sent what stands at WeChat by that media id. */
export async function saidByMedia(
  ctx: Ctx,
  { wechatAppId, openid }: Openid,
  kind: "voice" | "video",
  mediaId: string,
): Promise<string> {
  const id = newId(ctx.now());
  const values = { wechatAppId, openid, kind, dedupeKey: `test:${id}`, traceId: ctx.traceId, sentAt: ctx.now() };
  const content = JSON.stringify({ MsgType: kind, MediaId: mediaId, Recognition: "两杯乌龙" });
  await ctx.db
    .insertInto("connect_inbound")
    .values({ id, ...values, content, receivedAt: ctx.now() })
    .execute();
  return id;
}

/** Something at WeChat that lasts three days, as what customers send does. */
export async function temporaryMedia(
  server: TestServer,
  ctx: Ctx,
  wechatAppId: string,
  file: {
    readonly type: "voice" | "video";
    readonly name: string;
    readonly contentType: string;
    readonly bytes: Uint8Array;
  },
): Promise<string> {
  const client = await server.app.get(WechatClients, { strict: false }).of(ctx, wechatAppId);
  const upload = fileOf(file.name, file.contentType, file.bytes);
  return (await client.call(uploadMedia, { type: file.type, file: upload })).mediaId;
}

/** RFC 4867 §5: AMR's first bytes, and a frame of nothing. */
export const shortVoice: Uint8Array = Buffer.from("#!AMR\n\x7c", "latin1");
