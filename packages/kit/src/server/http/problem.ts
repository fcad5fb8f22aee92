import type { Problem } from "../../contract/problem.ts";
import { Fault, type FaultDefinition } from "../../contract/fault.ts";
import {
  badRequest,
  internalError,
  invalidInput,
  malformedJson,
  notFound,
  tooLarge,
  unsupportedMediaType,
} from "../../contract/faults.ts";
import { fill, type Language, translate, waitInWords } from "../../contract/text.ts";

export const problemType = "application/problem+json; charset=utf-8";

/** A field that was refused, and why; without a message, for the reason that the fault itself gives. */
export interface FieldError {
  readonly field: string;
  readonly message?: string;
}

/** RFC 9457 for a fault, in the caller's language. `errors` are the fields of an invalid input. */
export function toProblem(fault: Fault, language: Language, traceId: string): Problem {
  const { code, status, errno, text } = fault.definition;
  const { errors, ...details } = fault.details as { errors?: FieldError[] } & Record<string, unknown>;
  const { retryAfterSeconds } = fault;
  const wait = retryAfterSeconds === undefined ? {} : { wait: waitInWords(retryAfterSeconds, language) };
  // A reason may come in both languages, as a schema's own error does.
  const said = Object.entries(details).map(([name, value]) => [
    name,
    typeof value === "string" ? translate(value, language) : value,
  ]);
  const told = Object.fromEntries(said) as Record<string, unknown>;
  const detail = fill(text[language], { ...told, ...wait });
  return {
    type: `urn:zhanggui:fault:${code}`,
    title: code,
    status,
    detail,
    code,
    ...(errno === undefined ? {} : { errno }),
    traceId,
    ...(errors === undefined
      ? {}
      : { errors: errors.map(({ field, message = detail }) => ({ field, message: translate(message, language) })) }),
    ...(said.length === 0 ? {} : { details: told }),
  };
}

/** What Fastify refuses by itself, by its own codes (https://fastify.dev/docs/latest/Reference/Errors/). */
const fastifyRefusals: Readonly<Record<string, FaultDefinition>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: tooLarge,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: unsupportedMediaType,
  FST_ERR_CTP_INVALID_JSON_BODY: malformedJson,
  FST_ERR_CTP_EMPTY_JSON_BODY: malformedJson,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: badRequest,
  FST_ERR_BAD_URL: badRequest,
  FST_ERR_NOT_FOUND: notFound,
  FST_ERR_MAX_PARAM_LENGTH: notFound,
};

/**
 * What PostgreSQL refuses of values that a schema let through (its Appendix A): out of range, not a text it can keep.
 */
const valueRefusals: ReadonlySet<string> = new Set(["22003", "22021", "22P05"]);

/** Turns whatever was thrown into a fault. What nobody expected becomes `kit.internal`; the log has the rest. */
export function toFault(error: unknown, bodyLimitBytes: number): Fault {
  if (error instanceof Fault) return error;
  const code = error !== null && typeof error === "object" && "code" in error ? String(error.code) : "";
  const refusal = fastifyRefusals[code];
  if (refusal !== undefined) return new Fault(refusal, refusal === tooLarge ? { limitBytes: bodyLimitBytes } : {});
  if (valueRefusals.has(code)) return invalidInput({}, { cause: error });
  const status = error !== null && typeof error === "object" && "statusCode" in error ? Number(error.statusCode) : 500;
  if (status === 404) return notFound();
  if (status >= 400 && status < 500) return badRequest();
  return internalError({}, { cause: error });
}
