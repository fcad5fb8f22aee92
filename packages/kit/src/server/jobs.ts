import type { z } from "zod";
import { assertSurvivesJson } from "../contract/json-safe.ts";

/** Work for later: at least once, so its handler must be repeatable. */
export interface JobDefinition<Payload> {
  /** `<module>.<verb>` */
  readonly name: string;
  readonly payload: z.ZodType<Payload>;
  readonly retryLimit: number;
  /** First pause before a retry; it doubles each time, to an hour at most. */
  readonly retryDelaySeconds: number;
  /** How many one process runs at once; half of them at most for one tenant. */
  readonly concurrency: number;
  /** After this long in one attempt `ctx.signal` is aborted and the attempt has failed. */
  readonly expireSeconds: number;
}

export interface EnqueueOptions {
  /** Not before this instant. */
  readonly startAfter?: Date;
  /** While a job with this key waits for its first try, no second is queued. */
  readonly singletonKey?: string;
  /** Within a tenant and job, higher ones go first. */
  readonly priority?: "high" | "normal" | "low";
}

/** Declares a job. @throws Error for a payload that doesn't survive JSON */
export function job<Payload>(
  name: `${string}.${string}`,
  payload: z.ZodType<Payload>,
  options: Partial<Omit<JobDefinition<Payload>, "name" | "payload">> = {},
): JobDefinition<Payload> {
  assertSurvivesJson(name, payload);
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
