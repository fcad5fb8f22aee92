import { Injectable } from "@nestjs/common";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { listPublished } from "@zhanggui/wechat/calls/articles";
import { listMaterial } from "@zhanggui/wechat/calls/media";
import { tags } from "@zhanggui/wechat/calls/tags";
import { faultOf, WechatClients } from "./clients.ts";
import type { connect } from "./connect.contract.ts";
import { wordsOf } from "./internal/words.ts";

type Targets = Out<typeof connect.getMenuTargets>;
type Trouble = Targets["trouble"]["tags"];
const kinds = ["image", "voice", "video", "news"] as const;
/** The newest of each. */
const page = { offset: 0, count: 20 } as const;

/** What buttons can lead to and conditions can ask for, as WeChat has it now. */
@Injectable()
export class MenuTargets {
  constructor(private readonly clients: WechatClients) {}

  /** @throws Fault `kit.not_found`; what WeChat refuses is empty, with the reason */
  async get(ctx: Ctx, { wechatAppId }: Flat<typeof connect.getMenuTargets>): Promise<Targets> {
    const client = await this.clients.of(ctx, wechatAppId, { evenIfOff: true });
    const [ofTags, ofMedia, ofArticles] = await Promise.all([
      told(() => client.call(tags)),
      told(async () => {
        const pages = await Promise.all(kinds.map((type) => client.call(listMaterial, { type, ...page })));
        return pages.flatMap(({ items }, at) => {
          const kind = kinds[at] ?? "image";
          return items.map(({ mediaId, name }) => ({ mediaId, name, kind }));
        });
      }),
      told(async () => (await client.call(listPublished, { ...page, hasContent: true })).items),
    ]);
    return {
      tags: ofTags.found,
      media: ofMedia.found,
      articles: ofArticles.found.map(({ articleId, articles }) => ({ articleId, title: articles[0]?.title ?? "" })),
      trouble: { tags: ofTags.trouble, media: ofMedia.trouble, articles: ofArticles.trouble },
    };
  }
}

async function told<Found>(ask: () => Promise<Found[]>): Promise<{ found: Found[]; trouble: Trouble }> {
  try {
    return { found: await ask(), trouble: null };
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    return { found: [], trouble: wordsOf(fault) };
  }
}
