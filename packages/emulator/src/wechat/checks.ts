import type { Account } from "../world/model.ts";
import type { State } from "../world/state.ts";
import { Refusal } from "./errcodes.ts";
import type { Incoming } from "./incoming.ts";
import { readUpload } from "./upload.ts";
import { mayCall } from "./rights.ts";
import type { ApiCall, ApiRoute } from "./route.ts";

/** What every call is checked for once it is known whose it is. @throws Refusal */
export async function checkCall(
  state: State,
  route: ApiRoute,
  incoming: Incoming,
  account: Account | null,
): Promise<ApiCall> {
  const call: ApiCall = {
    query: incoming.query,
    body: route.method === "POST" && route.isUpload !== true ? bodyOf(incoming) : {},
    raw: incoming.bytes,
    address: incoming.address,
    account,
    files: route.isUpload === true ? await readUpload(incoming) : new Map(),
  };
  if (account !== null) {
    const isForbidden = account.unauthorizedPaths.includes(route.path);
    if (isForbidden || (route.right !== undefined && !mayCall(account, route.right))) throw new Refusal(48001);
    spend(state, route, account);
  }
  return call;
}

/** Counts a call against the account's limits of the minute and of the day. @throws Refusal 45011, 45009 */
export function spend(state: State, route: ApiRoute, account: Account): void {
  if (route.perMinute !== undefined && !state.quotas.spendOfMinute(route, account)) throw new Refusal(45011);
  if (!state.quotas.spendOfDay(route, account)) throw new Refusal(45009);
}

/** The account a token stands for. @throws Refusal 41001, 40001, 42001 */
export function accountByToken(state: State, value: string | undefined): Account {
  if (value === undefined || value === "") throw new Refusal(41001);
  const look = state.tokens.look(value);
  if (look.state === "expired") throw new Refusal(42001);
  const account = look.state === "valid" ? state.accounts.get(look.appid) : undefined;
  if (account === undefined) throw new Refusal(40001);
  return account;
}

function bodyOf({ bytes, contentType }: Incoming): Record<string, unknown> {
  if (bytes.length === 0) throw new Refusal(44002);
  const isForm = contentType.startsWith("application/x-www-form-urlencoded");
  // curl says "form" of whatever it sends: what begins as JSON is JSON.
  if (isForm && !/^\s*[{[]/.test(bytes.toString("latin1", 0, 64))) return formOf(bytes);
  const value = parsed(bytes);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Refusal(47001);
  return value as Record<string, unknown>;
}

/** Names that come several times, or with a number in brackets, are lists. */
function formOf(bytes: Buffer): Record<string, unknown> {
  const found = new Map<string, string[]>();
  for (const [given, value] of new URLSearchParams(bytes.toString("utf8"))) {
    const name = given.replace(/\[\d*\]$/, "");
    found.set(name, [...(found.get(name) ?? []), value]);
  }
  return Object.fromEntries([...found].map(([name, values]) => [name, values.length === 1 ? values[0] : values]));
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8")) as unknown;
  } catch {
    // Not JSON and not an object are the same error to WeChat.
    throw new Refusal(47001);
  }
}

/** The account that says its own secret. @throws Refusal 41002, 41004, 40013, 40125 */
export function accountBySecret(state: State, { appid, secret }: { appid?: unknown; secret?: unknown }): Account {
  if (typeof appid !== "string" || appid === "") throw new Refusal(41002);
  if (typeof secret !== "string" || secret === "") throw new Refusal(41004);
  const account = state.accounts.get(appid);
  if (account === undefined) throw new Refusal(40013);
  if (account.secret !== secret) throw new Refusal(40125);
  return account;
}

/** For the journal and for faults that name an account: who calls, as far as the request tells. */
export function accountOf(state: State, { query, bytes, contentType }: Incoming): Account | null {
  const look = state.tokens.look(query["access_token"] ?? "");
  let appid = look.state === "valid" ? look.appid : query["appid"];
  if (appid === undefined && !contentType.startsWith("multipart"))
    appid = /"appid"\s*:\s*"(\w+)"/.exec(bytes.toString())?.[1];
  return state.accounts.get(appid ?? "") ?? null;
}
