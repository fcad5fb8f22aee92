import { sql } from "kysely";
import { expect, inject, test } from "vitest";
import { newId } from "../contract/ids.ts";
import { type Access, anyOf, type DataScope, permission } from "../contract/permission.ts";
import { openRuntime } from "../testing/runtime.ts";
import type { Actor } from "./ctx.ts";
import { reaches, scopeOf, within } from "./data-scope.ts";

const read = permission("tea:read", { zh: "看茶", en: "See tea" }, []);
const write = permission("tea:write", { zh: "泡茶", en: "Make tea" }, []);

function actor(scope?: DataScope, colleagueIds: readonly string[] = []): Actor {
  return {
    kind: "account",
    id: "me",
    name: "Me",
    permissions: new Set([read.code]),
    ...(scope === undefined ? {} : { scopes: new Map([[read.code, scope]]) }),
    colleagueIds: new Set(colleagueIds),
  };
}
const mine = { ownerId: "me" };
const near = { ownerId: "near" };
const far = { ownerId: "far" };
const ownerless = { ownerId: null };

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

test("a query is narrowed to what the permission reaches; without it, to nothing", async () => {
  const { runtime, clock, close } = await openRuntime(inject("clusterUrl"));
  const ctx = runtime.ctx(newId(clock.now()));
  const [me, near, far] = [newId(clock.now()), newId(clock.now()), newId(clock.now())];
  const seen = async (somebody: Actor, access: Access): Promise<string[]> => {
    const owned = ctx.db.selectFrom(
      sql<{ owner: string }>`unnest(${[me, near, far, null]}::uuid[])`.as(sql`item(owner)`),
    );
    const rows = await owned
      .select(sql<string>`item.owner`.as("owner"))
      .where(within(somebody, access, "item.owner"))
      .execute();
    return rows.map(({ owner }) => owner);
  };
  const somebody = (scope?: DataScope): Actor => ({ ...actor(scope, [near]), id: me });
  expect(await seen(somebody(), read)).toEqual([me, near, far, null]);
  expect(await seen(somebody("department"), read)).toEqual([me, near]);
  expect(await seen(somebody("own"), read)).toEqual([me]);
  expect(await seen(somebody(), write)).toEqual([]);
  // Of two permissions the one that reaches further counts.
  expect(
    await seen({ ...somebody("own"), permissions: new Set([read.code, write.code]) }, anyOf(read, write)),
  ).toHaveLength(4);
  expect(await seen(somebody("own"), anyOf(read, write))).toEqual([me]);
  await close();
});
