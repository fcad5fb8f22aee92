import { z } from "zod";

/** RFC 9457, as this API fills it. */
export const Problem = z.object({
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
export type Problem = z.output<typeof Problem>;

/** The server's refusal, as the client throws it. `problem.detail` is a sentence for people. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
    this.problem = problem;
  }

  get code(): string {
    return this.problem.code;
  }
}

/** The problem that a refused call was answered with. */
export async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  try {
    return Problem.parse(JSON.parse(text));
  } catch {
    // A proxy in between may answer with a page of its own.
    const detail = text.slice(0, 200) || response.statusText;
    return { type: "about:blank", title: detail, status: response.status, detail, code: "kit.unknown", traceId: "" };
  }
}
