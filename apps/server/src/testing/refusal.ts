import { ApiProblem, type Problem } from "@zhanggui/kit/contract/problem";

/** What a call was refused with. @throws Error if it wasn't */
export async function refusal(call: Promise<unknown>): Promise<Problem> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiProblem)) throw new Error(`expected a refusal, got ${String(error)}`);
  return error.problem;
}
