/** Something the reader can do something about: shown as its sentence, without a stack. */
export class Problem extends Error {
  override readonly name = "Problem";
}

/** The text that stands for any thrown value: a Problem's sentence, else the message with its causes. */
export function describeError(error: unknown): string {
  if (error instanceof Problem) return error.message;
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\n  because: ${describeError(error.cause)}`;
  return `${error.message}${cause}`;
}
