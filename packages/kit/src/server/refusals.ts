import type { Fault, FaultFactory } from "../contract/fault.ts";
import { constraintOf, sqlStateOf, uniqueViolation } from "./sql-state.ts";

/** A fault, or what makes one, for a violated unique key; or one for each key, by its name in the database. */
export type ConflictFaults = Fault | FaultFactory | Readonly<Record<string, Fault | FaultFactory>>;

/** What a violated unique key means to the caller, if it is one of `faults`. */
export function refusalOf(error: unknown, faults: ConflictFaults | undefined): Fault | undefined {
  if (faults === undefined || sqlStateOf(error) !== uniqueViolation) return undefined;
  const found = isFault(faults) ? faults : faults[constraintOf(error) ?? ""];
  if (found === undefined) return undefined;
  return typeof found === "function" ? found({}, { cause: error }) : found;
}

function isFault(faults: ConflictFaults): faults is Fault | FaultFactory {
  return typeof faults === "function" || faults instanceof Error;
}
