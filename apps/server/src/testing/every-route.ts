import { isJson } from "@zhanggui/kit/contract/body";
import { createClient, type Arguments } from "@zhanggui/kit/contract/client";
import { ApiProblem } from "@zhanggui/kit/contract/problem";
import { authenticated, customerAccess, permissionsOf, publicAccess } from "@zhanggui/kit/contract/permission";
import type { Contract, Route } from "@zhanggui/kit/contract/route";
import { sql } from "kysely";
import type { Member, TestServer } from "./test-server.ts";
import { contracts } from "../contracts.ts";
import type { SignedInCustomer } from "./customers.ts";
import type { Bound } from "./lantern-tea.ts";

/** Two tenants: the first is to have a row of everything, the second is to see none of it. */
export interface World {
  readonly server: TestServer;
  readonly owner: Member;
  /** The owner of another tenant. */
  readonly stranger: Member;
  /** An account of the first tenant whose role grants nothing. */
  readonly powerless: Member;
  /** An account of the first tenant that may do everything, to its own things only: it has none. */
  readonly narrowed: Member;
  /** What Lantern Tea has bound at WeChat; somebody has come by its channel code. */
  readonly bound: Bound;
  /** Somebody who is signed in as a customer of the first tenant, and somebody of the other one. */
  readonly customer: SignedInCustomer;
  readonly otherCustomer: SignedInCustomer;
  /** The verification code that went to a phone number or a mail address last. */
  readonly readCode: (address: string) => string;
  /** One more account at WeChat, which nobody has bound. */
  /** An account at Aliyun that may send `取茶号${number}` as `SMS_1` under 灯笼茶. */
  readonly newCarrier: () => { readonly keyId: string; readonly secret: string };
  readonly newAccount: (kind?: "service" | "miniprogram") => { readonly appid: string; readonly secret: string };
  /** The openid of somebody new who accepts a mini-program's template. */
  readonly subscriber: (appid: string, templateId: string) => Promise<string>;
  /** The access token that an account has at WeChat just now. */
  readonly accessToken: (appid: string) => string;
}

/** What a call needs to succeed for the owner, by route; a function where each call needs something new. */
type Inputs<C extends Contract> = {
  readonly [Key in keyof C as C[Key]["access"] extends typeof publicAccess ? never : Key]:
    | Arguments<C[Key]>
    | (() => Arguments<C[Key]>);
};

/** The inputs of one module's routes, on rows that it made in the world. */
export interface Fixtures {
  readonly contract: Contract;
  readonly prepare: (world: World) => Promise<Readonly<Record<string, Input | (() => Input)>>>;
}

/**
 * Declares what the generated tests need to call each route of a module: in `<m>.fixtures.ts`, beside its contract. A
 * route that needs an account and has no fixture doesn't compile.
 */
export function fixturesOf<C extends Contract>(contract: C) {
  return (prepare: (world: World) => Promise<Inputs<C>>): Fixtures => ({
    contract,
    prepare: prepare as Fixtures["prepare"],
  });
}

type Input = Readonly<Record<string, unknown>>;

/**
 * Calls every route that isn't public as its owner, as another tenant's owner, as somebody without the permission and
 * as nobody. Returns what is wrong, one sentence each.
 */
export async function violations(world: World, fixtures: readonly Fixtures[]): Promise<string[]> {
  const prepared: [Contract, Awaited<ReturnType<Fixtures["prepare"]>>][] = [];
  for (const { contract, prepare } of fixtures) prepared.push([contract, await prepare(world)]);
  const { owner, bound, customer } = world;
  const ids = [owner.tenantId, owner.accountId, bound.wechatAppId, customer.personId, ...idsIn(prepared)];
  const wrong = await rowsOfOthers(world);
  for (const [route, input] of prepared
    .flatMap(([contract, inputs]) => closedRoutes(contract, inputs))
    .toSorted(lastOut)) {
    const call = (who: Caller | undefined) => callAs(world, route, typeof input === "function" ? input() : input, who);
    if (route.access === customerAccess) {
      wrong.push(...(await customersOwn(world, route, ids, call)));
      continue;
    }
    // A customer is nobody here, whatever they may do with what is theirs.
    wrong.push(...(await refusedWith(route, 401, () => call(world.customer))));
    wrong.push(...(await seesNothing(world, route, ids, () => call(world.stranger), "a stranger")));
    if (isNarrowed(route))
      wrong.push(...(await seesNothing(world, route, ids, () => call(world.narrowed), "who only reaches their own")));
    if (route.access !== authenticated) wrong.push(...(await refusedWith(route, 403, () => call(world.powerless))));
    wrong.push(...(await refusedWith(route, 401, () => call(undefined))));
    if (forActing.has(route.id)) {
      wrong.push(...(await refusedWith(route, 409, () => call(world.owner))));
      continue;
    }
    // Last, because it may remove what it is about; that it succeeds proves that the others were refused for real.
    const before = await fingerprint(world, besides);
    const written = await entriesOf(world, route);
    const own = await attempt(() => call(world.owner));
    if (own instanceof Error) wrong.push(`${route.id}: its owner's call failed: ${own.message}`);
    if (route.effect === "read" && (await fingerprint(world, besides)) !== before) {
      wrong.push(`${route.id} says that it only reads, and changes something: give it another \`effect\``);
    }
    const isPreview = typeof input !== "function" && input["preview"] === true;
    if (route.effect !== "read" && !isPreview && (await entriesOf(world, route)) === written) {
      wrong.push(`${route.id} leaves nothing in the audit log`);
    }
  }
  return wrong;
}

/** A customer's route is for that customer: no account comes in, however much it may do, and no other customer sees. */
async function customersOwn(
  world: World,
  route: Route,
  ids: readonly string[],
  call: (who: Caller | undefined) => Promise<unknown>,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const who of [world.owner, world.powerless, undefined])
    wrong.push(...(await refusedWith(route, 401, () => call(who))));
  // What is of the other one's may change: it is another tenant's.
  wrong.push(...(await seesNothing(world, route, ids, () => call(world.otherCustomer), "another customer")));
  const own = await attempt(() => call(world.customer));
  if (own instanceof Error) wrong.push(`${route.id}: its customer's call failed: ${own.message}`);
  return wrong;
}

type Caller = Pick<Member, "accessToken">;

function closedRoutes(contract: Contract, inputs: Readonly<Record<string, Input | (() => Input)>>) {
  return Object.entries(contract)
    .filter(([, { access }]) => access !== publicAccess)
    .map(([key, route]) => [route, inputs[key] ?? {}] as const);
}

/** How many entries of the audit log the calls of a route have left, by the first tenant's owner. */
async function entriesOf({ server, owner }: World, { id }: Route): Promise<number> {
  const { count } = await server.runtime
    .unscopedDb()
    .selectFrom("kit_audit_entry")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("tenantId", "=", owner.tenantId)
    .where("act", "=", id)
    .where("actorId", "=", owner.accountId)
    .where("outcome", "=", "done")
    .executeTakeFirstOrThrow();
  return count;
}

/** The routes that end a session come last. */
const ending: readonly string[] = ["customers.signOut", "customers.end", "access.logout"];
function lastOut([a]: readonly [Route, unknown], [b]: readonly [Route, unknown]): number {
  return ending.indexOf(a.id) - ending.indexOf(b.id);
}

/** Whatever looks like an id in what the calls are given: a stranger is to see none of them. */
function idsIn(prepared: unknown): string[] {
  return JSON.stringify(prepared).match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? [];
}

/**
 * Looks at every table through the stranger's ctx: what the policies keep apart, also where no route could show it
 * because another table's policy stops the call before.
 */
export async function rowsOfOthers({ server, owner, stranger }: World): Promise<string[]> {
  const { db } = server.runtime.ctx(stranger.tenantId);
  const wrong: string[] = [];
  for (const table of await tenantTables(server)) {
    const rows = (await db
      .selectFrom(table as "kit_event")
      .selectAll()
      .execute()) as { tenantId: string }[];
    if (rows.some(({ tenantId }) => tenantId === owner.tenantId)) wrong.push(`${table} shows a stranger others' rows`);
    const count = await countOf(server, table, owner.tenantId);
    if (count === 0) wrong.push(`${table} has no row to look for`);
  }
  return wrong;
}

async function countOf(server: TestServer, table: string, tenantId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM ${sql.table(table)}
    WHERE tenant_id = ${tenantId}`.execute(server.runtime.unscopedDb());
  return rows[0]?.count ?? 0;
}

/** Whether it is about owned things that are there already; what somebody makes is their own. */
function isNarrowed({ access, params, list, bulk }: Route): boolean {
  const isAboutOwned = params !== undefined || list !== undefined || bulk !== undefined;
  return isAboutOwned && permissionsOf(access).some(({ isScoped }) => isScoped);
}

/** Somebody's call either fails or shows and changes nothing of what isn't theirs. */
async function seesNothing(
  world: World,
  route: Route,
  ids: readonly string[],
  call: () => Promise<unknown>,
  who: string,
): Promise<string[]> {
  const before = await fingerprint(world, besides);
  const result = await attempt(call);
  const wrong: string[] = [];
  if (result instanceof Error && !(result instanceof ApiProblem && result.problem.status < 500)) {
    wrong.push(`${route.id}: a call of ${who} broke something: ${result.message}`);
  }
  const shown = result instanceof Error ? "" : JSON.stringify(result);
  if (ids.some((id) => shown.includes(id))) wrong.push(`${route.id} shows ${who} what isn't theirs: ${shown}`);
  if ((await fingerprint(world, besides)) !== before) wrong.push(`${route.id} lets ${who} change what isn't theirs`);
  return wrong;
}

async function refusedWith(route: Route, status: number, call: () => Promise<unknown>): Promise<string[]> {
  const result = await attempt(call);
  if (result instanceof ApiProblem && result.problem.status === status) return [];
  return [`${route.id}: expected ${status}, got ${result instanceof Error ? result.message : "success"}`];
}

async function attempt(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function callAs(world: World, route: Route, input: Input, who: Caller | undefined): Promise<unknown> {
  const [module = "", key = ""] = route.id.split(".");
  const headers: Record<string, string> = who === undefined ? {} : { authorization: `Bearer ${who.accessToken}` };
  const client = createClient<Readonly<Record<string, Contract>>>(contracts, {
    baseUrl: world.server.url,
    headers: () => headers,
  });
  const call = client[module]?.[key] as ((input: Input) => unknown) | undefined;
  if (call === undefined) throw new Error(`${route.id} is no route`);
  const answer = call(input);
  if (isJson(route.reply) || route.reply.kind !== "events") return answer;
  // Of a stream the first that it tells; leaving it ends it.
  for await (const first of answer as AsyncIterable<unknown>) return first;
  return undefined;
}

/** For whoever acts in another's name, which nobody does here: `impersonation.test.ts` shows that they work. */
const forActing: ReadonlySet<string> = new Set(["access.endImpersonation"]);

/** Whoever takes a file away only reads, and leaves an entry; whoever asks WeChat may need a token for it. */
const besides = ["kit_audit_entry", "kit_audit_unsealed", "connect_token"];

/** One value for all rows of the first tenant, in every table that has tenants. */
async function fingerprint({ server, owner }: World, except: readonly string[] = []): Promise<string> {
  const db = server.runtime.unscopedDb();
  const tables = (await tenantTables(server)).filter((table) => !except.includes(table));
  const parts = tables.map(
    (table) => sql`SELECT ${sql.lit(table)}, count(*), coalesce(sum(hashtextextended(row::text, 0)), 0)
      FROM ${sql.table(table)} AS row WHERE tenant_id = ${owner.tenantId}`,
  );
  const { rows } = await sql`${sql.join(parts, sql` UNION ALL `)}`.execute(db);
  return JSON.stringify(rows);
}

/** The names of all tables with a `tenant_id`; a partition is reached through its table. */
export async function tenantTables(server: TestServer): Promise<string[]> {
  const { rows } = await sql<{ tableName: string }>`
    SELECT c.relname AS table_name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY 1`.execute(server.runtime.unscopedDb());
  return rows.map(({ tableName }) => tableName);
}
