import { builtInRoles } from "@zhanggui/kit/contract/permission";
import { expect, inject, test } from "vitest";
import { asOperator } from "../../testing/as-operator.ts";
import { openTestServer } from "../../testing/test-server.ts";

test("an operator edits people and messages, and doesn't manage accounts", async () => {
  const api = await asOperator();
  const rule = await api.messaging.createRule({
    name: "问候",
    on: "follow",
    replies: [{ type: "text", text: "你好" }],
  });
  expect((await api.messaging.listRules()).items).toMatchObject([
    { id: rule.id, replies: [{ type: "text", text: "你好" }] },
  ]);
  await expect(api.access.listAccounts()).rejects.toMatchObject({ code: "kit.forbidden" });
  await expect(api.events.replay({})).rejects.toMatchObject({ code: "kit.forbidden" });
});

test("each built-in role has what its permissions say, and no more", async () => {
  const server = await openTestServer(inject("clusterUrl"));
  const owner = await server.asOwner();
  const { items: all } = await owner.api.access.listPermissions();
  const granted: Record<string, string[]> = {};
  for (const role of builtInRoles) granted[role] = (await (await server.as(role, owner)).api.access.me()).permissions;
  expect(granted["owner"]).toEqual(all.map(({ code }) => code).toSorted());
  expect(granted["finance"]).toEqual(["audience:contacts", "audience:read", "forms:answer", "tenants:plan"]);
  expect(granted["reviewer"]).toEqual([
    "audience:read",
    "broadcasts:read",
    "forms:answer",
    "messaging:conversations",
    "messaging:read",
  ]);
  expect(granted["developer"]).toContain("events:replay");
  expect(granted["developer"]).not.toContain("connect:write");
  await server.close();
});
