import type { FaultDefinition } from "./fault.ts";
import { kitFaults } from "./faults.ts";
import type { Contract } from "./route.ts";

/** Every fault that an API of these contracts can answer. */
export function faultsOf(contracts: Readonly<Record<string, Contract>>): FaultDefinition[] {
  const routes = Object.values(contracts).flatMap((contract) => Object.values(contract));
  const all = [...kitFaults, ...routes.flatMap((route) => route.faults ?? [])];
  return [...new Map(all.map((each) => [each.code, each])).values()];
}
