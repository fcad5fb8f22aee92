import { ApiProblem } from "@zhanggui/kit/contract/problem";
import { expect, test } from "vitest";
import { tenantsToChoose } from "./choice-of-tenant.ts";

const problem = (code: string, details: Record<string, unknown>) =>
  new ApiProblem({ type: "about:blank", title: code, status: 409, detail: "…", code, traceId: "t", details });
const tenants = [
  { id: "t1", name: "灯笼茶" },
  { id: "t2", name: "Second Tea" },
];

test("the businesses are read from the one refusal that asks for a choice", () => {
  expect(tenantsToChoose(problem("access.choose_tenant", { tenants }))).toEqual(tenants);
  expect(tenantsToChoose(problem("access.locked_out", { tenants }))).toBeUndefined();
  expect(tenantsToChoose(problem("access.choose_tenant", {}))).toBeUndefined();
  expect(tenantsToChoose(new TypeError("Failed to fetch"))).toBeUndefined();
});
