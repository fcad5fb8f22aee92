import { z } from "zod";
import { isJson, type Reply } from "./body.ts";
import type { FaultDefinition } from "./fault.ts";
import { fieldPermissionsOf } from "./field-rights.ts";
import type { Permission } from "./permission.ts";
import { fieldsOf, type Route } from "./route.ts";
import { schemaOf } from "./schema.ts";

/*
 * Contracts as plain data, for browsers: what calls, forms and lists need, without zod and without what only the
 * server reads. The client takes a contract in either form; its replies are then trusted, not parsed.
 */

/** What only the server and the API's page read of a route. */
const serversOwn: ReadonlySet<string> = new Set([
  "summary",
  "faults",
  "limit",
  "tellsHead",
  "whileReadOnly",
  "byThemselves",
  "whileHeldBack",
  "forPeople",
  "cookies",
  "proofOfWork",
  "bodyLimitBytes",
  "timeLimitMs",
  "imports",
]);

/**
 * One export of a contract's file. A contract: its routes; a zod enum: `{ options }`; any other shape: its JSON
 * Schema; a fault: what it says, not the function that makes it; permissions, settings and constants as they are.
 *
 * @param known replaces a value that stands elsewhere already: a permission that has a name of its own
 * @returns undefined for what has no data: a function
 * @throws Error for what can't be told as data: an instance of a class
 */
export function dataOf(value: unknown, known: (value: object) => unknown = () => undefined): unknown {
  if (value instanceof z.ZodEnum) return { options: value.options };
  return plain(value, known);
}

function plain(value: unknown, known: (value: object) => unknown): unknown {
  // Spread, a function leaves what was assigned to it.
  if (isFault(value)) return { ...value };
  if (typeof value === "function" || typeof value === "symbol") return undefined;
  if (typeof value !== "object" || value === null) return value;
  const elsewhere = known(value);
  if (elsewhere !== undefined) return elsewhere;
  if (value instanceof z.ZodType) return schemaOf(value);
  if (Array.isArray(value)) return value.map((each) => plain(each, known));
  if (isRoute(value)) return routeData(value, known);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new Error(`${value.constructor.name} is no data`);
  return eachPlain(value, known);
}

function eachPlain(value: object, known: (value: object) => unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each, known)]));
}

/** What a route's data says that the route itself only knows by its shapes. */
export interface RouteData {
  /** The permissions that only some of its fields ask for. */
  readonly fieldPermissions?: readonly Permission[];
}

function routeData(whole: Route, known: (value: object) => unknown): unknown {
  const { reply, sets, ...route } = whole;
  const fieldPermissions = [...new Set(fieldPermissionsOf(whole))];
  const kept = Object.fromEntries(Object.entries(route).filter(([key]) => !serversOwn.has(key)));
  return {
    ...eachPlain(kept, known),
    // What a list can be asked for is told by its fields: of the query only the names are needed, to send it.
    ...(route.list === undefined && route.bulk === undefined
      ? {}
      : { query: { type: "object", properties: namesOf(route.query) } }),
    // Cookies are between the server and the browser.
    ...(sets?.headers === undefined ? {} : { sets: { headers: plain(sets.headers, known) } }),
    reply: replyData(reply),
    ...(fieldPermissions.length === 0 ? {} : { fieldPermissions: plain(fieldPermissions, known) }),
  };
}

function namesOf(shape: Route["query"]): Readonly<Record<string, object>> {
  return Object.fromEntries(fieldsOf(shape).map((name) => [name, {}]));
}

function replyData(reply: Reply): unknown {
  if (isJson(reply)) return { kind: "json" };
  if (reply.kind !== "events") return reply;
  return { kind: reply.kind, events: Object.fromEntries(Object.keys(reply.events).map((name) => [name, {}])) };
}

function isRoute(value: object): value is Route {
  return "method" in value && "path" in value && "reply" in value && "access" in value;
}

function isFault(value: unknown): value is FaultDefinition {
  return typeof value === "function" && "code" in value && "status" in value && "isOutcomeUnknown" in value;
}
