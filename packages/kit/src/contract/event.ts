import type { z } from "zod";
import { assertSurvivesJson } from "./json-safe.ts";

/** Something that happened, as other modules learn of it. Past tense and versioned: `connect.message_received.v1`. */
export interface EventDefinition<Payload> {
  readonly name: string;
  readonly payload: z.ZodType<Payload>;
  /** What it is about. Events with the same key reach each handler in their order, one after the other. */
  key?(payload: Payload): string;
  /** After this many days it may be deleted from the log. */
  readonly keepDays: number;
}

export interface EventOptions<Payload> {
  readonly key?: (payload: Payload) => string;
  /** A year unless set; two weeks at least, for until then a handler may still be trying. */
  readonly keepDays?: number;
}

const leastKeepDays = 14;

/**
 * Declares an event of a module. A changed shape is a new version beside the old one: events of the old shape may
 * still lie in the log.
 *
 * @throws Error for a payload that would not come back from JSON as it went in: a Date, bigint, Map, undefined …
 */
export function event<Payload>(
  name: `${string}.${string}.v${number}`,
  payload: z.ZodType<Payload>,
  { key, keepDays = 365 }: EventOptions<NoInfer<Payload>> = {},
): EventDefinition<Payload> {
  assertSurvivesJson(name, payload);
  if (!Number.isSafeInteger(keepDays) || keepDays < leastKeepDays) {
    throw new RangeError(`${name}: keepDays is a whole number of days, ${leastKeepDays} at least`);
  }
  return { name, payload, keepDays, ...(key === undefined ? {} : { key }) };
}

export type PayloadOf<Definition> = Definition extends EventDefinition<infer Payload> ? Payload : never;
