import type { z } from "zod";

/** Something that happened, as other modules learn of it. Past tense and versioned: `connect.message_received.v1`. */
export interface EventDefinition<Payload> {
  readonly name: string;
  readonly payload: z.ZodType<Payload>;
}

/**
 * Declares an event of a module. A changed shape is a new version beside the old one: events of the old shape may
 * still lie in the log.
 */
export function event<Payload>(
  name: `${string}.${string}.v${number}`,
  payload: z.ZodType<Payload>,
): EventDefinition<Payload> {
  return { name, payload };
}

export type PayloadOf<Definition> = Definition extends EventDefinition<infer Payload> ? Payload : never;
