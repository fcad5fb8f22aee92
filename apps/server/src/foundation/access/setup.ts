import { timingSafeEqual } from "node:crypto";
import { Injectable } from "@nestjs/common";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Flat } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Extensions } from "@zhanggui/kit/server/extensions";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { access } from "./access.contract.ts";
import { setupClosed } from "./sign-in.contract.ts";
import { AccessService } from "./access.service.ts";
import { addFirstRoles } from "./first-roles.ts";
import { demoLogins, demoPassword } from "./demo-logins.ts";
import { assertStrong } from "./internal/passwords.ts";
import { Sessions } from "./sessions.ts";
import { type SignInWay, signInWay } from "./sign-in-ways.ts";
import { Tenants } from "./tenants.ts";
import { hashToken } from "./session-tokens.ts";

/** The first tenant of a fresh installation. */
@Injectable()
export class Setup {
  constructor(
    private readonly runtime: Runtime,
    private readonly tenants: Tenants,
    private readonly access: AccessService,
    private readonly sessions: Sessions,
    private readonly extensions: Extensions,
  ) {}

  async status(visitor: Ctx, { tenantId }: Flat<typeof access.setupStatus>) {
    const needed = !(await this.tenants.any());
    const show = this.runtime.env.DEMO && !needed;
    const demo = show ? demoLogins.map((each) => ({ ...each, password: demoPassword })) : [];
    const asked = tenantId ?? (await this.tenants.only());
    return { needed, demoLogins: demo, ways: asked === undefined ? [] : await this.#ways(visitor, asked) };
  }

  async #ways({ traceId }: Ctx, tenantId: string): Promise<SignInWay[]> {
    const ctx = this.runtime.ctx(tenantId, { traceId });
    return (await Promise.all(this.extensions.of(signInWay).map(({ value }) => value(ctx)))).flat();
  }

  /** @throws Fault `access.setup_closed` unless the token is right and there is no tenant yet */
  async run(visitor: Ctx, { setupToken, tenantName, ...owner }: Flat<typeof access.setup>) {
    const expected = this.runtime.env.SETUP_TOKEN;
    if (expected === undefined || !equal(setupToken, expected) || (await this.tenants.any())) throw setupClosed();
    return this.open(visitor, { tenantName, ...owner }, { first: true });
  }

  /** Opens a tenant with its roles and its owner, and signs the owner in. */
  async open(
    visitor: Ctx,
    { tenantName, ...owner }: Omit<Flat<typeof access.setup>, "setupToken" | "keepIn" | "cookies">,
    { first }: { first: boolean },
  ) {
    assertStrong(owner.password, owner.login);
    const tenantId = newId(visitor.now());
    const { traceId } = visitor;
    const account = await this.tenants.create({ tenantId, traceId, name: tenantName, first }, async (ctx) => {
      const roles = await addFirstRoles(ctx);
      return this.access.createAccount(ctx, { ...owner, roleIds: [roles.owner] });
    });
    if (account === undefined) throw setupClosed();
    return this.sessions.start(this.sessions.as(tenantId, account.id, visitor, access.setup), account.id);
  }
}

function equal(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(hashToken(a)), Buffer.from(hashToken(b)));
}
