import { newId } from "@zhanggui/kit/contract/ids";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { getMaterial, listMaterial, mediaLimits } from "@zhanggui/wechat/calls/media";
import type { WechatClient } from "@zhanggui/wechat/client";
import { WechatError } from "@zhanggui/wechat/transport";

/** WeChat's clock and ours may differ by as much. Ours. */
const clocksDifferMs = 600_000;

/** No other picture is called so: by it alone can one be found whose upload gave no answer. */
export function uploadNameOf(ctx: Ctx): string {
  const id = newId(ctx.now());
  return `mini-program-card-${id}.png`;
}

/** The picture of that name in the library, newest first as far as `since`; undefined if it isn't there. */
export async function findByName(client: WechatClient, name: string, since: Date): Promise<string | undefined> {
  const oldest = since.getTime() - clocksDifferMs;
  for (let offset = 0; ; offset += mediaLimits.page) {
    const { total, items } = await client.call(listMaterial, { type: "image", offset, count: mediaLimits.page });
    const found = items.find((item) => item.name === name);
    if (found !== undefined) return found.mediaId;
    const isPast = items.some(({ updatedAt }) => updatedAt.getTime() < oldest);
    if (items.length === 0 || isPast || offset + items.length >= total) return undefined;
  }
}

/** Whether it is still in the library: WeChat's own pages delete there, too. */
export async function isListed(client: WechatClient, mediaId: string): Promise<boolean> {
  try {
    await client.call(getMaterial, { mediaId });
    return true;
  } catch (error) {
    if (error instanceof WechatError && error.errcode === 40007) return false;
    throw error;
  }
}
