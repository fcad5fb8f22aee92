import type { Account } from "../world/model.ts";
import type { ApiAnswer, ApiCall } from "./gateway.ts";

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

/** An object of a body, or null. */
export function objectOf(body: Record<string, unknown>, name: string): Record<string, unknown> | null {
  const value = body[name];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return value as Record<string, unknown>;
}
