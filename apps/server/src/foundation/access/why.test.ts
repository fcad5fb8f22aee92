import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";

let server: TestServer;
let owner: Member;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
});
afterAll(() => server.close());

test("why somebody may: the role that gives it; why not: the roles that would, and who could grant one", async () => {
  const operator = await server.as("operator", owner);
  const explain = (code: string) => owner.api.access.explainPermission({ accountId: operator.accountId, code });
  expect(await explain("links:write")).toMatchObject({ has: true, by: [{ builtIn: "operator" }] });
  const why = await explain("settings:write");
  expect(why).toMatchObject({ has: false, state: "enabled", by: [], would: [{ builtIn: "owner" }] });
  expect(why.grantors.map(({ id }) => id)).toEqual([owner.accountId]);
});

test("of an account that is switched off no role counts", async () => {
  const operator = await server.as("operator", owner);
  const { accountId } = operator;
  await owner.api.access.updateAccount({ accountId, disabled: true });
  const why = await owner.api.access.explainPermission({ accountId, code: "links:write" });
  expect(why).toMatchObject({ has: false, state: "disabled", by: [{ builtIn: "operator" }] });
});

test("the read-only auditor sees whatever a permission to read shows, and changes nothing", async () => {
  const { items } = await owner.api.access.listRoles({});
  const auditor = items.find(({ name }) => name === "只读审计员")!;
  const { items: all } = await owner.api.access.listPermissions();
  const reads = all.map(({ code }) => code).filter((code) => code.endsWith(":read"));
  expect(auditor.permissions.toSorted()).toEqual(reads.toSorted());
  expect(reads).toContain("audit:read");
});

test("a permission that nobody asks for has no explanation, nor an account that isn't there", async () => {
  const { accountId } = owner;
  await expect(owner.api.access.explainPermission({ accountId, code: "tea:drink" })).rejects.toMatchObject({
    code: "access.unknown_permission",
  });
  const stranger = await server.asOwner();
  await expect(
    owner.api.access.explainPermission({ accountId: stranger.accountId, code: "links:write" }),
  ).rejects.toMatchObject({ code: "kit.not_found" });
});
