import "reflect-metadata";
import { setTimeout as pause } from "node:timers/promises";
import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { type Client, createClient } from "../contract/client.ts";
import { sessionExpired, unauthenticated } from "../contract/faults.ts";
import { newId } from "../contract/ids.ts";
import { contract, type Contract } from "../contract/route.ts";
import { createApplication, type ApplicationOptions } from "../server/application.ts";
import type { TurnableClock } from "../server/clock.ts";
import { authenticator, type Authenticator } from "../server/http/caller.ts";
import { defineModule } from "../server/module.ts";
import type { Runtime } from "../server/runtime.ts";
import { openRuntime } from "./runtime.ts";

export interface KitServer<Contracts extends Readonly<Record<string, Contract>>> {
  readonly url: string;
  readonly app: NestFastifyApplication;
  readonly runtime: Runtime;
  readonly clock: TurnableClock;
  /** A client of somebody who is known by this token, or of nobody. */
  as(token?: string, renew?: () => Promise<boolean>): Client<Contracts>;
  /** From here on this account's token is refused. */
  revoke(account: string): void;
  /** How often this account was asked who it is. One called `slow` takes its time to say. */
  asked(account: string): number;
  close(): Promise<void>;
}

const tenantId = newId(new Date());

/** Knows whoever brings `account:permission,permission`. */
const tokensBut = (revoked: ReadonlySet<string>, asked: Map<string, number>): Authenticator => ({
  knows: () => true,
  authenticate: async (token) => {
    const [id = "", codes] = token.split("#");
    asked.set(id, (asked.get(id) ?? 0) + 1);
    if (id === "slow") await pause(100);
    if (id === "late" || revoked.has(id)) throw sessionExpired();
    if (codes === undefined) throw unauthenticated();
    const permissions = new Set(codes.split(",").filter(Boolean));
    return { tenantId, actor: { kind: "account", id, name: id, permissions }, keyId: `${id}'s key` };
  },
});

/**
 * The kit's server with modules of a test's own, on a database with the kit's own tables, listening on this machine.
 */
export async function openKitServer<Contracts extends Readonly<Record<string, Contract>>>(
  clusterUrl: string,
  contracts: Contracts,
  options: Omit<ApplicationOptions, "runtime" | "version">,
  env: Readonly<Record<string, string>> = {},
): Promise<KitServer<Contracts>> {
  const { runtime, clock, close } = await openRuntime(clusterUrl, env);
  const revoked = new Set<string>();
  const asked = new Map<string, number>();
  const doors = defineModule(contract("doors", {}), {
    services: {},
    routes: () => ({}),
    extensions: () => ({ tokens: authenticator(tokensBut(revoked, asked)) }),
  });
  const app = await createApplication({
    runtime,
    version: "0.0.0",
    // Who closes a test's server has asked for all that they wanted.
    drainMs: 0,
    ...options,
    modules: [doors, ...options.modules],
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const url = await app.getUrl();
  return {
    url,
    app,
    runtime,
    clock,
    as: (token, renew) =>
      createClient(contracts, {
        baseUrl: url,
        headers: () => ({
          "accept-language": "en",
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        }),
        ...(renew === undefined ? {} : { renew }),
      }),
    revoke: (account) => void revoked.add(account),
    asked: (account) => asked.get(account) ?? 0,
    close: async () => {
      await app.close();
      await close();
    },
  };
}
