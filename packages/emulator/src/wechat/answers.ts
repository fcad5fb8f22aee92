import type { StoredBond } from "../world/bond-book.ts";
import type { Account } from "../world/model.ts";
import type { State } from "../world/state.ts";
import { type KnownErrcode, Refusal } from "./errcodes.ts";
import type { ApiAnswer, ApiCall } from "./route.ts";

export const okAnswer: ApiAnswer = { json: '{"errcode":0,"errmsg":"ok"}' };

/** An answer of plain JSON data. */
export function json(value: unknown): ApiAnswer {
  return { json: JSON.stringify(value) };
}

/** The account of a call that has passed the token check. */
export function accountOf(call: ApiCall): Account {
  if (call.account === null) throw new Error("the route lets calls in without a token");
  return call.account;
}

/** A text of a body, or null when it is missing or something else. */
export function textOf(body: Record<string, unknown>, name: string): string | null {
  const value = body[name];
  return typeof value === "string" ? value : null;
}

/** A whole number of a body, also one that was written as text; null when it is missing or something else. */
export function numberOf(body: Record<string, unknown>, name: string): number | null {
  const value = body[name];
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : null;
}

/** An object of a body, or null. */
export function objectOf(body: Record<string, unknown>, name: string): Record<string, unknown> | null {
  const value = body[name];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return value as Record<string, unknown>;
}

/** The texts of a list. @throws Refusal with `errcode` where it is no list of texts */
export function textsOf(body: Record<string, unknown>, name: string, errcode: KnownErrcode): string[] {
  const value = body[name];
  if (!Array.isArray(value)) throw new Refusal(errcode);
  return value.map((each: unknown) => {
    if (typeof each !== "string") throw new Refusal(errcode);
    return each;
  });
}

/**
 * The user of the account with that openid.
 *
 * @throws Refusal 40003 where nobody has it, 49003 where somebody of another account has
 */
export function bondOf(state: State, account: Account, openid: string): StoredBond {
  const bond = state.bondByOpenid(account.appid, openid);
  if (bond !== undefined) return bond;
  throw new Refusal(state.isOpenid(openid) ? 49003 : 40003);
}

/**
 * One page of users' openids that begins after `after`, as every list of openids is given.
 *
 * @throws Refusal 40003 where `after` is none of them
 */
export function pageOfUsers(users: readonly StoredBond[], after: string, size: number): Record<string, unknown> {
  const at = after === "" ? 0 : users.findIndex(({ openid }) => openid === after) + 1;
  if (after !== "" && at === 0) throw new Refusal(40003);
  const page = users.slice(at, at + size).map(({ openid }) => openid);
  return {
    total: users.length,
    count: page.length,
    ...(page.length === 0 ? {} : { data: { openid: page } }),
    next_openid: page.at(-1) ?? "",
  };
}
