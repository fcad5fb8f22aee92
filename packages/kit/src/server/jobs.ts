import type { z } from "zod";

/** Work for later: at least once, so its handler must be repeatable. */
export interface JobDefinition<Payload> {
  /** `<module>.<verb>` */
  readonly name: string;
  readonly payload: z.ZodType<Payload>;
  readonly retryLimit: number;
  /** First pause before a retry; it doubles each time, to an hour at most. */
  readonly retryDelaySeconds: number;
  /** How many one process runs at once. */
  readonly concurrency: number;
  /** After this long in one attempt the job counts as lost and is tried again. */
  readonly expireSeconds: number;
}

export interface EnqueueOptions {
  /** Not before this instant. */
  readonly startAfter?: Date;
}

/** Declares a job. */
export function job<Payload>(
  name: `${string}.${string}`,
  payload: z.ZodType<Payload>,
  options: Partial<Omit<JobDefinition<Payload>, "name" | "payload">> = {},
): JobDefinition<Payload> {
  return {
    name,
    payload,
    retryLimit: 8,
    retryDelaySeconds: 2,
    concurrency: 4,
    expireSeconds: 300,
    ...options,
  };
}
