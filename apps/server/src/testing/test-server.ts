import "reflect-metadata";
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { type Client, createClient } from "@zhanggui/kit/contract/client";
import { newId } from "@zhanggui/kit/contract/ids";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { openDatabase } from "@zhanggui/kit/server/database";
import { readEnv } from "@zhanggui/kit/server/env";
import { LogLines } from "@zhanggui/kit/server/log-lines";
import { createLog, type Logger } from "@zhanggui/kit/server/log";
import { poolOptions } from "@zhanggui/kit/server/pool";
import type { ModuleDefinition } from "@zhanggui/kit/server/module";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { cloneOfTemplate } from "@zhanggui/kit/testing/database";
import { createApp } from "../app.ts";
import { contracts } from "../contracts.ts";
import { Setup } from "../foundation/access/setup.ts";
import { migrationFolders } from "../migrations.ts";
import type { BuiltInRole, DataScope } from "@zhanggui/kit/contract/permission";

export type Api = Client<typeof contracts>;

export interface TestServerOptions {
  /** Variables besides the database: WECHAT_API_URL, SMTP_URL … */
  readonly env?: Readonly<Record<string, string>>;
  /** A clock that something else shares, the emulator for one. */
  readonly clock?: TurnableClock;
  /** Works off the queues by itself; without it a test says `runUntilIdle()`. */
  readonly work?: boolean;
  readonly log?: Logger;
  /** Modules of the test's own, besides the server's. */
  readonly modules?: readonly ModuleDefinition[];
  /** Registers what the test adds, before the server starts. */
  readonly before?: (runtime: Runtime) => void;
  /** A database that is there already, for a second server beside the first. */
  readonly databaseUrl?: string;
}

export interface Member {
  readonly api: Api;
  readonly tenantId: string;
  readonly accountId: string;
  readonly accessToken: string;
}

/** The real app on a database of its own, listening on a free port of this machine. */
export interface TestServer {
  readonly url: string;
  readonly databaseUrl: string;
  readonly app: NestFastifyApplication;
  readonly runtime: Runtime;
  readonly clock: TurnableClock;
  /** A client with whatever headers the test wants; nobody is signed in. */
  anonymous(headers?: Readonly<Record<string, string>>): Api;
  /** Opens a tenant of its own and signs its owner in. */
  asOwner(): Promise<Member>;
  /** The owner of the tenant that runs the server; once. */
  asPlatformOwner(): Promise<Member>;
  /** Adds an account with a built-in role to a tenant, and signs it in. */
  as(role: BuiltInRole, owner: Member): Promise<Member>;
  /** Adds an account whose role grants these permissions and no others, and signs it in. */
  asHolderOf(permissions: readonly string[], owner: Member, dataScope?: DataScope): Promise<Member>;
  /** Works everything off that is due. */
  runUntilIdle(): Promise<void>;
  close(): Promise<void>;
}

interface Session {
  readonly accessToken: string;
  readonly me: { readonly tenant: { readonly id: string }; readonly account: { readonly id: string } };
}

export const testSecrets = {
  SECRET_KEY: Buffer.alloc(32, 7).toString("base64"),
  JWT_SECRET: "only-for-tests-only-for-tests-only-for-tests",
  SETUP_TOKEN: "only-for-these-tests",
};
/** Nobody answers there: a test that needs no WeChat reaches none. */
const nowhere = { WECHAT_API_URL: "http://127.0.0.1:9", WECHAT_MP_URL: "http://127.0.0.1:9" };
/** Everybody's. */
export const testPassword = "correct horse battery";
const password = testPassword;

export async function openTestServer(clusterUrl: string, options: TestServerOptions = {}): Promise<TestServer> {
  const database =
    options.databaseUrl === undefined
      ? await cloneOfTemplate(clusterUrl, migrationFolders())
      : { url: options.databaseUrl, drop: async () => {} };
  const folder = `${tmpdir()}/zg-files-${randomBytes(6).toString("hex")}`;
  // Who closes a test's server has asked for all that they wanted.
  const closing = { DRAIN_SECONDS: "0" };
  const defaults = { LOG_LEVEL: "silent", PORT: "0", FILES_DIR: folder, ...closing, ...testSecrets, ...nowhere };
  const variables = { DATABASE_URL: database.url, ...defaults };
  const env = readEnv({ ...variables, ...options.env });
  const clock = options.clock ?? new TurnableClock();
  const lines = new LogLines({ write: () => {} });
  const log = options.log ?? createLog(env.LOG_LEVEL, lines);
  const runtime = new Runtime({
    env,
    clock,
    log,
    lines,
    database: openDatabase(database.url, poolOptions(env)),
  });
  const app = await createApp(runtime, options.modules);
  options.before?.(runtime);
  await runtime.start({ work: options.work ?? false });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const url = await app.getUrl();
  const baseUrl = url;
  const anonymous = (headers: Readonly<Record<string, string>> = {}): Api =>
    createClient(contracts, { baseUrl, headers: () => ({ "accept-language": "en", ...headers }) });
  /** Signs in again when the session is over: a test that turns the clock is not about that. */
  const member = (login: string, session: Session): Member => {
    let { accessToken } = session;
    const api = createClient(contracts, {
      baseUrl,
      headers: () => ({ "accept-language": "en", authorization: `Bearer ${accessToken}` }),
      renew: async () => {
        ({ accessToken } = await anonymous().access.login({ login, password }));
        return true;
      },
    });
    const { tenant, account } = session.me;
    return { api, tenantId: tenant.id, accountId: account.id, accessToken };
  };
  const join = async (owner: Member, displayName: string, roleIds: string[]): Promise<Member> => {
    const login = newLogin();
    await owner.api.access.createAccount({ login, displayName, password, roleIds });
    return member(login, await anonymous().access.login({ login, password }));
  };
  return {
    url,
    databaseUrl: database.url,
    app,
    runtime,
    clock,
    anonymous,
    asOwner: async () => {
      const login = newLogin();
      const owner = { tenantName: "Lantern Tea", login, displayName: "Owner", password };
      return member(login, await app.get(Setup).open(runtime.ctx(newId(clock.now())), owner, { first: false }));
    },
    asPlatformOwner: async () => {
      const login = newLogin();
      const owner = { tenantName: "Lantern Tea", login, displayName: "Owner", password };
      return member(login, await app.get(Setup).open(runtime.ctx(newId(clock.now())), owner, { first: true }));
    },
    as: async (role, owner) => {
      const { items } = await owner.api.access.listRoles();
      return join(
        owner,
        role,
        items.filter(({ builtIn }) => builtIn === role).map(({ id }) => id),
      );
    },
    asHolderOf: async (permissions, owner, dataScope = "all") => {
      const role = await owner.api.access.createRole({ name: newLogin(), permissions: [...permissions], dataScope });
      return join(owner, "Colleague", [role.id]);
    },
    runUntilIdle: () => runtime.runUntilIdle(),
    close: async () => {
      await app.close();
      await runtime.stop();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function newLogin(): string {
  return `someone-${randomBytes(6).toString("hex")}@lantern-tea.example`;
}
