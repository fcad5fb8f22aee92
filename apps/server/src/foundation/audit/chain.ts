import { Injectable } from "@nestjs/common";
import type { Out } from "@zhanggui/kit/contract/route";
import { auditAct } from "@zhanggui/kit/server/audit/entries";
import { pruneSealed, sealEntries } from "@zhanggui/kit/server/audit/seal";
import { keepVerification, type Verification, verifyTenant } from "@zhanggui/kit/server/audit/verify";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { Tenants } from "../access/tenants.ts";
import { NotificationsService } from "../notifications/notifications.service.ts";
import { SettingsService } from "../settings/settings.service.ts";
import { auditRead, type audit } from "./audit.contract.ts";
import { chainBroken } from "./audit.notifications.ts";
import { auditKeepDays } from "./audit.settings.ts";

type ChainView = Out<typeof audit.getChain>;
const dayMs = 86_400_000;

/** The chain of seals over the log's entries: made, looked after, verified. */
@Injectable()
export class Chain {
  readonly #verifying = new Map<string, Promise<void>>();

  constructor(
    private readonly runtime: Runtime,
    private readonly tenants: Tenants,
    private readonly settings: SettingsService,
    private readonly notifications: NotificationsService,
  ) {}

  /** Every minute, of all tenants. */
  async seal(): Promise<void> {
    await sealEntries(this.runtime.ownerTransaction, () => this.runtime.clock.now());
  }

  /** Daily: removes what is no longer kept, and verifies the rest. */
  tend(): Promise<void> {
    return this.tenants.each(async (ctx) => {
      const days = await this.settings.get(ctx, auditKeepDays);
      if (days > 0 && !this.runtime.tenants.isReadOnly(ctx.tenantId)) {
        const now = ctx.now();
        const before = new Date(now.getTime() - days * dayMs);
        const pruned = await pruneSealed(this.runtime.ownerTransaction, ctx.tenantId, { before, now });
        if (pruned > 0) await auditAct(ctx, { details: { pruned, before: before.toISOString() } });
      }
      await this.#verify(ctx);
    });
  }

  async get(ctx: Ctx): Promise<ChainView> {
    const [row] = await ctx.sql<Omit<ChainView, "verifiedAt" | "lastHash"> & { at: Date; lastHash: Buffer | null }>`
      SELECT v.at, v.seals, v.entries, v.findings, coalesce(s.number, 0) AS last_number, s.hash AS last_hash
      FROM kit_audit_verification v
      LEFT JOIN LATERAL (SELECT number, hash FROM kit_audit_seal ORDER BY number DESC LIMIT 1) s ON true`;
    const [waiting] = await ctx.sql<{ unsealed: number }>`SELECT count(*) AS unsealed FROM kit_audit_unsealed`;
    const { unsealed = 0 } = waiting ?? {};
    if (row === undefined)
      return { verifiedAt: null, seals: 0, entries: 0, lastNumber: 0, lastHash: null, unsealed, findings: [] };
    const { at, lastHash, ...found } = row;
    return { ...found, verifiedAt: at.toISOString(), lastHash: lastHash?.toString("hex") ?? null, unsealed };
  }

  async verify(ctx: Ctx): Promise<ChainView> {
    await this.#verify(ctx);
    return this.get(ctx);
  }

  /** Whoever asks while a verification is under way gets that one: each holds a connection for as long as it takes. */
  #verify(ctx: Ctx): Promise<void> {
    const running = this.#verifying.get(ctx.tenantId);
    if (running !== undefined) return running;
    const begun = this.#begin(ctx).finally(() => this.#verifying.delete(ctx.tenantId));
    this.#verifying.set(ctx.tenantId, begun);
    return begun;
  }

  async #begin(ctx: Ctx): Promise<void> {
    const now = ctx.now();
    const found: Verification = await this.runtime.ownerTransaction(async (trx) => {
      const found = await verifyTenant(trx, ctx.tenantId, now);
      await keepVerification(trx, found, now);
      return found;
    });
    const { findings } = found;
    if (findings.length === 0) return;
    ctx.log.error({ findings }, "the audit log doesn't verify");
    await auditAct(ctx, { outcome: "failed", details: { findings: findings.length } });
    await ctx.tx((ctx) =>
      this.notifications.notify(
        ctx,
        chainBroken,
        { count: findings.length },
        { to: { holdersOf: auditRead }, key: "chain", renewedBy: now },
      ),
    );
  }
}
