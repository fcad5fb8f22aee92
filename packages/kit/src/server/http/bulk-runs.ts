import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import type { BulkInfo } from "../../contract/bulk-info.ts";
import { forbidden, invalidInput } from "../../contract/faults.ts";
import { isJson } from "../../contract/body.ts";
import { permissionsOf } from "../../contract/permission.ts";
import { nestFields } from "../../contract/query-string.ts";
import type { Route } from "../../contract/route.ts";
import { translate } from "../../contract/text.ts";
import type { Actor, Ctx } from "../ctx.ts";
import { extensionPoint } from "../extensions.ts";
import type { WireBody } from "./body.ts";
import { assertListFields, fieldsRefused } from "./field-rights.ts";
import type { BodyErrors } from "./input.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A call of a bulk route as it came, so that each step can read it anew: as what is right by then. */
export interface BulkAsked {
  readonly params: Fields;
  readonly query: Fields;
  readonly body: Fields;
}

export interface BulkStep {
  /** The row that the step before ended with. */
  readonly after?: string;
  readonly preview?: boolean;
  /** A row that breaks fails alone, instead of the step. */
  readonly isPatient?: boolean;
}

export interface BulkRunner {
  /** Takes a call over; its steps are `Routes.bulkStep`. */
  take(ctx: Ctx, routeId: string, asked: BulkAsked): Promise<{ readonly id: string }>;
}
/** Who goes on with what was handed over. */
export const bulkRunner = extensionPoint<BulkRunner>("kit.bulk_runner");

export function isHandedOver({ bulk }: Route, input: Fields): boolean {
  return bulk !== undefined && input["handOver"] === true;
}

export function askedBy({ params, query, body }: FastifyRequest): BulkAsked {
  const wire = body as WireBody | undefined;
  const { handOver: _, ...given } = (wire?.kind === "json" ? wire.value : {}) as Record<string, unknown>;
  return { params: params as Fields, query: nestFields(query as Fields), body: given };
}

/**
 * What a bulk route's handler is given for a call that came before.
 *
 * @throws Fault `kit.forbidden` if its actor may not ask for it any more; `kit.invalid_input` for what the route takes
 *   no more
 */
export function readAgain(
  route: Route & { readonly bulk: BulkInfo },
  { params, query, body }: BulkAsked,
  actor: Actor,
  bodyErrors?: BodyErrors,
): Fields {
  const needed = permissionsOf(route.access);
  if (needed.length > 0 && !needed.some(({ code }) => actor.permissions.has(code)))
    throw forbidden({ permission: needed.map(({ code }) => code).join(", ") });
  const given = { ...read(route.params, params), ...read(route.query, query) };
  const sent = isJson(route.body) ? read(route.body, body) : {};
  const refused = isJson(route.body) ? fieldsRefused(route.body, body, actor) : [];
  const wrong = [...refused, ...(bodyErrors?.(route, sent, body) ?? [])];
  if (wrong.length > 0)
    throw invalidInput({ errors: wrong.map(({ path, text }) => ({ field: path, message: text.en })) });
  assertListFields(route.bulk.list, { ...given, ...sent }, actor);
  return { ...given, ...sent };
}

function read(schema: z.ZodType | undefined, value: Fields): Fields {
  if (schema === undefined) return {};
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data as Fields;
  const errors = parsed.error.issues.map(({ path, message }) => ({
    field: path.join("."),
    message: translate(message, "en"),
  }));
  throw invalidInput({ errors });
}
