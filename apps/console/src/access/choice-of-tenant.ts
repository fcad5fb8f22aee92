import { chooseTenant, codeNeeded } from "@zhanggui/server/foundation/access/sign-in.contract";
import { ApiProblem } from "@zhanggui/kit/contract/problem";

export interface TenantChoice {
  readonly id: string;
  readonly name: string;
}

/** The businesses to choose from, if that is what the server asks; undefined for any other refusal. */
export function tenantsToChoose(error: unknown): readonly TenantChoice[] | undefined {
  if (!(error instanceof ApiProblem) || error.code !== chooseTenant.code) return undefined;
  const tenants = error.problem.details?.["tenants"];
  return Array.isArray(tenants) && tenants.length > 1 && tenants.every(isChoice) ? tenants : undefined;
}

/** Whether login and password are right, and a code of the second factor is what lacks. */
export function asksForCode(error: unknown): boolean {
  return error instanceof ApiProblem && error.code === codeNeeded.code;
}

function isChoice(value: unknown): value is TenantChoice {
  const { id, name } = (value ?? {}) as Partial<Record<"id" | "name", unknown>>;
  return typeof id === "string" && typeof name === "string";
}
