import { chooseTenant } from "@zhanggui/server/foundation/access/access.contract";
import { ApiProblem } from "@zhanggui/kit/contract/problem";
import { z } from "zod";

const Details = z.object({ tenants: z.array(z.object({ id: z.string(), name: z.string() })).min(2) });
export type TenantChoice = z.output<typeof Details>["tenants"][number];

/** The businesses to choose from, if that is what the server asks; undefined for any other refusal. */
export function tenantsToChoose(error: unknown): readonly TenantChoice[] | undefined {
  if (!(error instanceof ApiProblem) || error.code !== chooseTenant.code) return undefined;
  return Details.safeParse(error.problem.details).data?.tenants;
}
