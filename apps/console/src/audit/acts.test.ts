import { publicAccess } from "@zhanggui/kit/contract/permission";
import type { Contract } from "@zhanggui/kit/contract/route";
import { contracts } from "@zhanggui/server/contracts";
import { expect, test } from "vitest";
import { acts } from "./acts.ts";

test("every call that can stand in the audit log has its words, and none is of a route that is gone", () => {
  const routes = Object.values<Contract>(contracts).flatMap((contract) => Object.values(contract));
  const told = routes.filter(({ effect, access }) => effect !== "read" && access !== publicAccess);
  expect(told.map(({ id }) => id).filter((id) => acts[id] === undefined)).toEqual([]);
  const known = new Set(routes.map(({ id }) => id));
  expect(Object.keys(acts).filter((id) => !known.has(id))).toEqual([]);
});
