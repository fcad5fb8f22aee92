import { Injectable } from "@nestjs/common";
import { businessDay } from "@zhanggui/kit/contract/business-day";
import { addDays, dayStart } from "@zhanggui/kit/contract/day";
import { keyNetworkRefused, keyOver, keyUsedUp, unauthenticated } from "@zhanggui/kit/contract/faults";
import type { Effect } from "@zhanggui/kit/contract/route";
import { GroupCommit } from "@zhanggui/kit/server/group-commit";
import type { Authenticator, Caller, TokenSource } from "@zhanggui/kit/server/http/caller";
import { contains, readNetworks } from "@zhanggui/kit/server/http/trace";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { CompiledQuery } from "kysely";
import { Rights } from "../access/rights.ts";
import { Tenants } from "../access/tenants.ts";
import { hashToken, isSame, isToken, readToken } from "./internal/token.ts";

interface Call {
  readonly tenantId: string;
  readonly keyId: string;
  readonly day: string;
}

/** Programs that call with a key: which one it is, whether it may, and how often it has. */
@Injectable()
export class Callers implements Authenticator {
  readonly #calls = new GroupCommit((calls: readonly Call[]) => this.#count(calls), { maxItems: 1000, concurrency: 1 });

  constructor(
    private readonly runtime: Runtime,
    private readonly rights: Rights,
    private readonly tenants: Tenants,
  ) {}

  knows(token: string): boolean {
    return isToken(token);
  }

  /**
   * Reads the key anew at each call: what is changed or switched off holds from the next one.
   *
   * @throws Fault `kit.unauthenticated`; `kit.key_over`, `kit.key_network_refused`, `kit.key_used_up` to whoever has the secret
   */
  async authenticate(token: string, { address }: TokenSource): Promise<Caller> {
    const named = readToken(token);
    if (named === undefined) throw unauthenticated();
    const { tenantId, keyId } = named;
    const ctx = this.runtime.ctx(tenantId);
    const key = await ctx.db.selectFrom("keys_key").selectAll().where("id", "=", keyId).executeTakeFirst();
    if (key === undefined) throw unauthenticated();
    const [hash, now] = [hashToken(token), ctx.now()];
    const isFormer = isSame(hash, key.formerHash) && key.formerUntil !== null && key.formerUntil > now;
    if (!isSame(hash, key.secretHash) && !isFormer) throw unauthenticated();
    if (key.disabled || (key.expiresAt !== null && key.expiresAt <= now)) throw keyOver();
    const { networks, perMinute, perDay } = key;
    if (networks.length > 0 && !contains(readNetworks(networks), address)) throw keyNetworkRefused({ address });
    const { zone } = await this.tenants.get(tenantId);
    const day = businessDay(now, zone);
    const calls = await this.#calls.add({ tenantId, keyId, day });
    if (calls === 0) throw unauthenticated();
    if (perDay !== null && calls > perDay) {
      const seconds = Math.ceil((dayStart(addDays(day, 1), zone).getTime() - now.getTime()) / 1000);
      throw keyUsedUp({ calls: perDay, seconds });
    }
    const role = { builtIn: null, permissions: key.permissions, dataScope: "all" } as const;
    const permissions = new Set(await this.rights.ofRole(ctx, role));
    return {
      tenantId,
      actor: { kind: "key", id: keyId, name: key.name, permissions },
      keyId,
      effects: new Set(key.effects as Effect[]),
      perMinute,
    };
  }

  /**
   * How many calls of its day each is the last one of, 0 for a key that has gone. Those that come at the same time
   * share one statement.
   */
  async #count(calls: readonly Call[]): Promise<number[]> {
    const byKey = Map.groupBy(calls, ({ tenantId, keyId, day }) => `${tenantId} ${keyId} ${day}`);
    // In one order everywhere, so that two processes never wait for each other in a circle.
    const rows = [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, some]) => some);
    const of = (name: keyof Call): string[] => rows.map(([first]) => first?.[name] ?? "");
    const counted = await this.runtime.unscopedDb().executeQuery<{ keyId: string; day: string; calls: number }>(
      CompiledQuery.raw(
        `INSERT INTO keys_use AS known (tenant_id, key_id, day, calls, last_at)
         SELECT given.*, $5 FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::int[])
           AS given (tenant_id, id, day, calls)
         -- One that is deleted meanwhile counts nothing.
         JOIN keys_key USING (tenant_id, id) FOR KEY SHARE OF keys_key
         ON CONFLICT (tenant_id, key_id, day)
           DO UPDATE SET calls = known.calls + excluded.calls, last_at = greatest(known.last_at, excluded.last_at)
         RETURNING key_id, day::text AS day, calls`,
        [of("tenantId"), of("keyId"), of("day"), rows.map((some) => some.length), this.runtime.clock.now()],
      ),
    );
    const totals = new Map(counted.rows.map(({ keyId, day, calls: total }) => [`${keyId} ${day}`, total]));
    const left = new Map(rows.map((some) => [`${some[0]?.keyId} ${some[0]?.day}`, some.length]));
    return calls.map(({ keyId, day }) => {
      const name = `${keyId} ${day}`;
      const rest = (left.get(name) ?? 1) - 1;
      left.set(name, rest);
      const total = totals.get(name);
      return total === undefined ? 0 : total - rest;
    });
  }
}
