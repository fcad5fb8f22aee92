import { Injectable } from "@nestjs/common";
import type { Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { DailyCounts, rowsIn } from "@zhanggui/kit/server/figures";
import { sql } from "kysely";
import { Tenants } from "../../foundation/access/tenants.ts";
import { Conversations } from "../connect/conversations.ts";
import type { audience } from "./audience.contract.ts";
import { Identities } from "./internal/identities.ts";
import { AudienceService } from "./audience.service.ts";

/** More than these nobody can answer at once: they are counted as "more". */
const mostWaiting = 500;
const shownWaiting = 8;

/** Who is new, by the day; and who waits for an answer. */
@Injectable()
export class Figures {
  readonly #counts = new DailyCounts();

  constructor(
    private readonly tenants: Tenants,
    private readonly conversations: Conversations,
    private readonly identities: Identities,
    private readonly people: AudienceService,
  ) {}

  /** All there are: what the plan limits. */
  async count(ctx: Ctx): Promise<number> {
    const [row] = await ctx.sql<{ count: number }>`SELECT count(*) FROM audience_person`;
    return row?.count ?? 0;
  }

  async get(ctx: Ctx): Promise<Out<typeof audience.getFigures>> {
    const { zone } = await this.tenants.get(ctx.tenantId);
    const newPeople = await this.#counts.of(ctx, "people", zone, firstSeen);
    const waiting = await this.conversations.waiting(ctx, mostWaiting + 1);
    const [any] = await ctx.sql`SELECT FROM audience_person LIMIT 1`;
    const first = await Promise.all(
      waiting.slice(0, shownWaiting).map(async ({ id, wechatAppId, openid, lastText, lastAt, waitingSince }) => {
        const known = await this.identities.find(ctx, { wechatAppId, openid });
        const personId = known?.personId ?? null;
        return { conversationId: id, personId, text: lastText, since: waitingSince ?? lastAt };
      }),
    );
    const names = await this.people.names(
      ctx,
      first.flatMap(({ personId }) => personId ?? []),
    );
    return {
      newPeople,
      waiting: {
        count: Math.min(waiting.length, mostWaiting),
        isMore: waiting.length > mostWaiting,
        first: first.map((each) => ({ ...each, name: names.get(each.personId ?? "") ?? null })),
      },
      hasPeople: any !== undefined,
    };
  }
}

const firstSeen = rowsIn("audience_person", { column: "firstSeenAt", where: sql`merged_into IS NULL` });
