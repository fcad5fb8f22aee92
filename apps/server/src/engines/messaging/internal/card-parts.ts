import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import type { CustomMessage } from "@zhanggui/wechat/calls/custom-messages";
import { Apps } from "../../connect/apps.ts";
import { Cards } from "../../materials/cards.ts";
import { cardNotMade } from "../conversations.contract.ts";
import type { ReplyPart, SentPart } from "../rule.contract.ts";
import { customOf } from "./parts.ts";

/** The cards of mini-programs in what is said, as the account that says it has them at that moment. */
@Injectable()
export class CardParts {
  constructor(
    private readonly apps: Apps,
    private readonly cards: Cards,
  ) {}

  /** `lacks`: a card isn't made, or the mini-program is unbound, and so is left out. */
  async fill(
    ctx: Ctx,
    parts: readonly ReplyPart[],
    wechatAppId: string,
  ): Promise<{ readonly parts: SentPart[]; readonly lacks: boolean }> {
    const filled = await Promise.all(
      parts.map(async (part): Promise<SentPart | undefined> => {
        if (part.type !== "card") return part;
        const { miniProgramId, cardTitle, cardPage } = part;
        const card = await this.cards.sendable(ctx, { wechatAppId, miniProgramId });
        if (card === undefined) return undefined;
        return { ...card, type: "miniprogram", title: cardTitle ?? card.title, pagePath: cardPage ?? card.pagePath };
      }),
    );
    const there = filled.filter((part) => part !== undefined);
    return { parts: there, lacks: there.length < parts.length };
  }

  /** The card as a message of its own. @throws Fault `messaging.card_not_made` */
  async message(ctx: Ctx, miniProgramId: string, wechatAppId: string): Promise<CustomMessage> {
    const { parts } = await this.fill(ctx, [{ type: "card", miniProgramId }], wechatAppId);
    const [part] = parts;
    if (part === undefined) throw cardNotMade({ errors: [{ field: "miniProgramId" }] });
    return customOf(part, "official");
  }

  /** @throws Fault `kit.not_found` for what is no mini-program that is bound */
  async demand(ctx: Ctx, parts: readonly ReplyPart[]): Promise<void> {
    if (!parts.some(({ type }) => type === "card")) return;
    const states = await this.apps.states(ctx);
    for (const [index, part] of parts.entries()) {
      const mini = part.type === "card" ? states.get(part.miniProgramId) : undefined;
      if (part.type === "card" && !(mini?.kind === "miniprogram" && mini.isBound))
        throw notFound({ errors: [{ field: `replies.${index}.miniProgramId` }] });
    }
  }
}
