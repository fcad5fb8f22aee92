import { Fault } from "../../contract/fault.ts";
import { mask } from "../mask.ts";
import { type Attributes, type Span, spanKinds } from "./spans.ts";

/** What says of all spans of a process whose they are (`service.name` and the like). */
export type Resource = Readonly<Record<string, string>>;

const longestText = 2_000;
const failed = { code: 2 } as const;

/**
 * The body of a request to `/v1/traces` in OTLP's JSON (opentelemetry-proto 1.x): ids in hexadecimal, 64-bit numbers as
 * texts. Every text is masked as in the log.
 */
export function toOtlp(spans: readonly Span[], resource: Resource) {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeSpans: [{ scope: { name: "zhanggui" }, spans: spans.map(spanOf) }],
      },
    ],
  };
}

function spanOf({ traceId, spanId, parentId, name, kind, startMs, endMs, attributes, error }: Span) {
  return {
    traceId,
    spanId,
    ...(parentId === undefined ? {} : { parentSpanId: parentId }),
    name: safe(name),
    kind: spanKinds[kind],
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(endMs),
    attributes: attributesOf({ ...attributes, ...(error === undefined ? {} : { "error.type": typeOf(error) }) }),
    ...(error === undefined ? {} : { status: { ...failed, message: safe(messageOf(error)) } }),
  };
}

function attributesOf(attributes: Attributes) {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: valueOf(value) }],
  );
}

function valueOf(value: string | number | boolean) {
  if (typeof value === "string") return { stringValue: safe(value) };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

function safe(text: string): string {
  return mask(text.slice(0, longestText));
}

/** A fault's code says more than that it is one. */
function typeOf(error: unknown): string {
  if (error instanceof Fault) return error.definition.code;
  return error instanceof Error ? error.name : "Error";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A number holds milliseconds with their fractions, but not so many nanoseconds. */
function nanoseconds(ms: number): string {
  const whole = Math.floor(ms);
  return String(BigInt(whole) * 1_000_000n + BigInt(Math.floor((ms - whole) * 1_000_000)));
}
