import { z } from "zod";
import type { Problem } from "./problem.ts";

/** The shape of a problem, for the API's description and for tests. */
export const ProblemShape: z.ZodType<Problem> = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  errno: z.int().optional(),
  traceId: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});
