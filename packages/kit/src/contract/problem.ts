/** RFC 9457, as this API fills it. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errno?: number | undefined;
  traceId: string;
  errors?: { field: string; message: string }[] | undefined;
  details?: Record<string, unknown> | undefined;
}

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
    const given: unknown = JSON.parse(text);
    if (isProblem(given)) return given;
  } catch {
    // Said below.
  }
  // A proxy in between may answer with a page of its own.
  const detail = text.slice(0, 200) || response.statusText;
  return { type: "about:blank", title: detail, status: response.status, detail, code: "kit.unknown", traceId: "" };
}

/** Whether it is one of ours: without zod, which browsers don't load. */
function isProblem(given: unknown): given is Problem {
  if (typeof given !== "object" || given === null) return false;
  const { status, ...rest } = given as Readonly<Record<string, unknown>>;
  const texts = ["type", "title", "detail", "code", "traceId"] as const;
  return Number.isInteger(status) && texts.every((name) => typeof rest[name] === "string");
}
