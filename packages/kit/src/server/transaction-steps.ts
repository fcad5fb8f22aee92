import type { Step } from "./pipeline.ts";

export interface TransactionOptions {
  /** PostgreSQL's own default is `read committed`. */
  readonly isolation?: "read committed" | "repeatable read" | "serializable";
  /**
   * How often the work may run again when PostgreSQL gives it up in favour of another transaction (SQLSTATE 40001 and
   * 40P01, which both undo it wholly). So what it does outside of the database must bear repeating. Default: 3.
   */
  readonly retries?: number;
  /** PostgreSQL gives up a statement of it that takes longer (SQLSTATE 57014). */
  readonly statementTimeoutMs?: number;
}

export const commit: Step = { name: "zg_commit", text: "COMMIT", values: [] };
// One name for all: a savepoint hides the outer ones of its name until it is released.
export const savepoint: Step = { name: "zg_savepoint", text: "SAVEPOINT zg", values: [] };
export const releaseSavepoint: Step = { name: "zg_release", text: "RELEASE SAVEPOINT zg", values: [] };
export const undoSavepoint: Step = { name: "zg_undo", text: "ROLLBACK TO SAVEPOINT zg", values: [] };

export function beginning(isolation: string | undefined): Step {
  if (isolation === undefined) return { name: "zg_begin", text: "BEGIN", values: [] };
  const name = `zg_begin_${isolation.replaceAll(" ", "_")}`;
  return { name, text: `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()}`, values: [] };
}

/** Limits each statement that follows in the transaction. */
export function limiting(ms: number | undefined): Step[] {
  if (ms === undefined) return [];
  const whole = Math.max(1, Math.round(ms));
  return [{ name: `zg_limit_${whole}`, text: `SET LOCAL statement_timeout = ${whole}`, values: [] }];
}
