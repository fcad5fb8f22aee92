import { ApiProblem, type Problem } from "@zhanggui/kit/contract/problem";
import { i18n } from "./language.ts";

/** What a failed call says to people. */
export interface Trouble {
  readonly sentence: string;
  /** Empty if the server was never reached. */
  readonly traceId: string;
  readonly status: number | undefined;
  readonly code: string | undefined;
  /** Sentences by field, for a form to show beside them. */
  readonly fields: Readonly<Record<string, string>>;
}

/** What is said without having asked the server. */
export function ownTrouble(sentence: string): Trouble {
  return { sentence, traceId: "", status: undefined, code: undefined, fields: {} };
}

/** Turns whatever a call rejected with into something to show. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof ApiProblem) return troubleOfProblem(error.problem);
  const key = error instanceof TypeError ? "shared.problem.unreachable" : "shared.problem.unexpected";
  return ownTrouble(i18n.global.t(key));
}

function troubleOfProblem(problem: Problem): Trouble {
  return {
    sentence: problem.detail || problem.title,
    traceId: problem.traceId,
    status: problem.status,
    code: problem.code,
    fields: Object.fromEntries((problem.errors ?? []).map(({ field, message }) => [field, message])),
  };
}

/**
 * Whether what the address names isn't there. An address that can't name anything (half an id, a word) leads nowhere
 * just the same: loading one thing sends nothing else that the server could refuse.
 */
export function isMissing({ code }: Trouble): boolean {
  return code === "kit.not_found" || code === "kit.invalid_input";
}

/** True for the rejection of a call that was given up because a newer one took its place. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
