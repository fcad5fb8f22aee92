import { Injectable } from "@nestjs/common";
import { secondFactorDue } from "@zhanggui/kit/contract/faults";
import type { Fault } from "@zhanggui/kit/contract/fault";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Declarations } from "@zhanggui/kit/server/declarations";
import { extensionPoint, Extensions } from "@zhanggui/kit/server/extensions";
import { Rights } from "./rights.ts";

/** From whom a business demands a second factor, and from when on nobody of them does anything without one. */
export interface FactorDemand {
  /** `weighty`: from those who hold a permission that says so of itself. */
  readonly of: "weighty" | "everybody";
  readonly from: Date;
}

/** For the module that knows what the ctx's tenant demands. */
export const factorDemand = extensionPoint<(ctx: Ctx) => Promise<FactorDemand | undefined>>("access.factor_demand");

/** What somebody still has to set up: from when on they do nothing else. */
export interface Due {
  readonly from: Date;
  readonly isOver: boolean;
}

/** Who signs in with less than their business demands. */
@Injectable()
export class FactorDemands {
  readonly #weighty: ReadonlySet<string>;

  constructor(
    declarations: Declarations,
    private readonly extensions: Extensions,
    private readonly rights: Rights,
  ) {
    const weighty = declarations.permissions.filter(({ isWeighty }) => isWeighty);
    this.#weighty = new Set(weighty.map(({ code }) => code));
  }

  /**
   * What whoever signed in by a session lacks; undefined where nothing is demanded of them, or they have it. A session
   * that a provider began is the provider's to guard.
   *
   * @param permissions what they hold, if that is known
   */
  async due(ctx: Ctx, sessionId: string, permissions?: ReadonlySet<string>): Promise<Due | undefined> {
    const demand = await this.#demand(ctx);
    if (demand === undefined) return undefined;
    const session = await ctx.db
      .selectFrom("access_session as session")
      .leftJoin("access_second_factor as factor", "factor.accountId", "session.accountId")
      .select(["session.accountId", "session.byProvider", "factor.confirmedAt"])
      .where("session.id", "=", sessionId)
      .executeTakeFirst();
    if (session === undefined || session.byProvider || session.confirmedAt !== null) return undefined;
    const held = permissions ?? (await this.rights.heldBy(ctx, session.accountId)).permissions;
    if (demand.of === "weighty" && ![...this.#weighty].some((code) => held.has(code))) return undefined;
    return { from: demand.from, isOver: demand.from <= ctx.now() };
  }

  /** What refuses all else that they call; undefined for who may go on. */
  async refusal(ctx: Ctx, sessionId: string, permissions?: ReadonlySet<string>): Promise<Fault | undefined> {
    const due = await this.due(ctx, sessionId, permissions);
    return due?.isOver ? secondFactorDue() : undefined;
  }

  async #demand(ctx: Ctx): Promise<FactorDemand | undefined> {
    const [demand] = this.extensions.of(factorDemand);
    return demand?.value(ctx);
  }
}
