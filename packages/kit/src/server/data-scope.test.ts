import { expect, inject, test } from "vitest";
import { newId } from "../contract/ids.ts";
import { permission } from "../contract/permission.ts";
import { openRuntime } from "../testing/runtime.ts";
import type { Actor } from "./ctx.ts";
import { reaches, scopeOf, type DataScope } from "./data-scope.ts";

const read = permission("tea:read", { zh: "看茶", en: "See tea" }, []);
const write = permission("tea:write", { zh: "泡茶", en: "Make tea" }, []);

function actor(scope?: DataScope, departmentIds: readonly string[] = []): Actor {
  return {
    kind: "account",
    id: "me",
    name: "Me",
    permissions: new Set([read.code]),
    ...(scope === undefined ? {} : { scopes: new Map([[read.code, scope]]) }),
    departmentIds: new Set(departmentIds),
  };
}
const mine = { ownerId: "me", departmentId: "far" };
const near = { ownerId: "other", departmentId: "near" };
const far = { ownerId: "other", departmentId: "far" };
const ownerless = { ownerId: null, departmentId: null };

test("a permission without a scope reaches everything; one that isn't there reaches nothing", () => {
  expect(scopeOf(actor(), read)).toBe("all");
  for (const resource of [undefined, mine, near, far, ownerless, {}]) {
    expect(reaches(actor(), read, resource)).toBe(true);
    expect(reaches(actor(), write, resource)).toBe(false);
  }
  expect(scopeOf(actor("own"), write)).toBeUndefined();
});

test.each([
  ["own", [true, false, false, false, false]],
  ["department", [true, true, false, false, false]],
  ["all", [true, true, true, true, true]],
] as const)("the scope %s reaches so far", (scope, expected) => {
  const somebody = actor(scope, ["near"]);
  expect([mine, near, far, ownerless, {}].map((resource) => reaches(somebody, read, resource))).toEqual(expected);
  expect(reaches(somebody, read)).toBe(true);
  expect(scopeOf(somebody, read)).toBe(scope);
});

test("ctx.demand refuses what the permission doesn't reach", async () => {
  const { runtime, clock, close } = await openRuntime(inject("clusterUrl"));
  const ctx = runtime.ctx(newId(clock.now()), { actor: actor("department", ["near"]) });
  ctx.demand(read);
  ctx.demand(read, near);
  expect(() => ctx.demand(read, far)).toThrow("kit.forbidden");
  expect(() => ctx.demand(write)).toThrow("kit.forbidden");
  expect(ctx.source).toBe("");
  await close();
});
