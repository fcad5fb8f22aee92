/** PostgreSQL's error codes that the server acts on (its Appendix A). */
export const uniqueViolation = "23505";
export const serializationFailure = "40001";
export const deadlockDetected = "40P01";
export const lockNotAvailable = "55P03";
/** It took longer than `statement_timeout`, or somebody gave it up. */
export const queryCancelled = "57014";

/** The SQLSTATE of what PostgreSQL refused; undefined for any other error. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

/** The name of the constraint that was violated, where PostgreSQL names one. */
export function constraintOf(error: unknown): string | undefined {
  return error instanceof Error && "constraint" in error && typeof error.constraint === "string"
    ? error.constraint
    : undefined;
}

/** Whether the connection is gone, not the statement refused: PostgreSQL's classes 08 and 57P, or pg's own. */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state !== undefined) return /^(08|57P)/.test(state);
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return /^(ECONNRESET|EPIPE|ECONNABORTED)$/.test(code) || /Connection terminated|not queryable/.test(error.message);
}

/** Whether a prepared statement can't be run any more, because a migration has changed what it returns. */
export function isStalePlan(error: unknown): boolean {
  return sqlStateOf(error) === "0A000" && (error as { routine?: unknown }).routine === "RevalidateCachedQuery";
}
