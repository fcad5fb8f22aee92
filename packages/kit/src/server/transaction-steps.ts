import type { Step } from "./pipeline.ts";

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
