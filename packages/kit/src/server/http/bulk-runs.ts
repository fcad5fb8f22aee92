import type { FastifyRequest } from "fastify";
import type { BulkInfo } from "../../contract/bulk-info.ts";
import { invalidInput } from "../../contract/faults.ts";
import { isJson } from "../../contract/body.ts";
import { nestFields } from "../../contract/query-string.ts";
import type { Route } from "../../contract/route.ts";
import type { Actor, Ctx } from "../ctx.ts";
import { extensionPoint } from "../extensions.ts";
import type { WireBody } from "./body.ts";
import { assertListFields, fieldsRefused } from "./field-rights.ts";
import { demandAccess, readPart } from "./asked-before.ts";
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
  demandAccess(route, actor);
  const given = { ...readPart(route.params, params), ...readPart(route.query, query) };
  const sent = isJson(route.body) ? readPart(route.body, body) : {};
  const refused = isJson(route.body) ? fieldsRefused(route.body, body, actor) : [];
  const wrong = [...refused, ...(bodyErrors?.(route, sent, body) ?? [])];
  if (wrong.length > 0)
    throw invalidInput({ errors: wrong.map(({ path, text }) => ({ field: path, message: text.en })) });
  assertListFields(route.bulk.list, { ...given, ...sent }, actor);
  return { ...given, ...sent };
}
