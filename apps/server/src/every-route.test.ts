import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { publicAccess } from "@zhanggui/kit/contract/permission";
import type { Contract } from "@zhanggui/kit/contract/route";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { rowsOfOthers, tenantTables, violations, type Fixtures, type World } from "./testing/every-route.ts";
import { openTestServer } from "./testing/test-server.ts";
import { contracts } from "./contracts.ts";
import { bindLanternTea, welcomeTemplate } from "./testing/lantern-tea.ts";

/** The only routes that need no account. */
const publicRoutes = [
  "access.login",
  "access.refresh",
  "access.setup",
  "access.setupStatus",
  "connect.receive",
  "connect.verifyCallback",
];

const sceneOf = ({ bound }: World) => ({
  name: "新客到店",
  trigger: "audience.channel_entered.v1",
  channelId: bound.channel.id,
  items: [
    { channel: "wechat_template", templateId: welcomeTemplate.templateId, data: { first: "{{ person.displayName }}" } },
  ],
  enabled: true,
});

let made = 0;
const fixtures: Fixtures = {
  "access.me": () => ({}),
  "access.listAccounts": () => ({}),
  "access.createAccount": ({ ids }) => ({
    login: `new-${++made}@lantern-tea.example`,
    displayName: "New",
    password: "correct horse battery",
    roleIds: [ids.roleId],
  }),
  "access.updateAccount": ({ ids }) => ({ accountId: ids.accountId, displayName: `Renamed ${++made}` }),
  "access.listRoles": () => ({}),
  "access.createRole": () => ({ name: `Role ${++made}`, permissions: ["audience:read"] }),
  "access.updateRole": ({ ids }) => ({ roleId: ids.roleId, permissions: [] }),
  "access.changePassword": () => ({ currentPassword: "correct horse battery", newPassword: "correct horse battery" }),
  "access.logout": () => ({}),
  "settings.list": () => ({}),
  "settings.change": () => ({ key: "connect.replyTimeoutMs", value: 2000, version: 0 }),
  "settings.history": () => ({ key: "connect.replyTimeoutMs" }),
  "events.list": () => ({}),
  "events.get": ({ ids }) => ({ eventId: ids.eventId }),
  "events.deadLetters": () => ({}),
  "events.replay": ({ ids }) => ({ eventId: ids.eventId }),
  "connect.listApps": () => ({}),
  "connect.bindApp": () => ({
    name: "Second",
    appId: `wx${String(++made).padStart(16, "0")}`,
    appSecret: "secret",
    pushToken: "token",
    mode: "plain",
  }),
  "connect.updateApp": ({ bound }) => ({ wechatAppId: bound.wechatAppId, name: `Renamed ${++made}` }),
  "connect.testApp": ({ bound }) => ({ wechatAppId: bound.wechatAppId }),
  "connect.listChannels": () => ({}),
  "connect.createChannel": ({ bound }) => ({
    wechatAppId: bound.wechatAppId,
    name: `Channel ${++made}`,
    leaderName: "Qing",
    leaderMail: "qing@lantern-tea.example",
  }),
  "connect.listInbound": () => ({}),
  "audience.listPeople": () => ({}),
  "audience.getPerson": ({ ids }) => ({ personId: ids.personId }),
  "audience.timeline": ({ ids }) => ({ personId: ids.personId }),
  "audience.updatePerson": ({ ids }) => ({ personId: ids.personId, displayName: `Somebody ${++made}` }),
  "audience.addTag": ({ ids }) => ({ personId: ids.personId, name: `tag ${++made}` }),
  "audience.removeTag": ({ ids }) => ({ personId: ids.personId, tagId: ids.tagId }),
  "audience.listTags": () => ({}),
  "messaging.listRules": () => ({}),
  "messaging.createRule": ({ bound }) => ({
    name: "Rule",
    on: "follow",
    wechatAppId: bound.wechatAppId,
    reply: "Welcome",
  }),
  "messaging.updateRule": ({ ids }) => ({ ruleId: ids.ruleId, enabled: false }),
  "messaging.deleteRule": ({ ids }) => ({ ruleId: ids.spareRuleId }),
  "messaging.listScenes": () => ({}),
  "messaging.createScene": (world) => sceneOf(world),
  "messaging.updateScene": (world) => ({ ...sceneOf(world), sceneId: world.bound.sceneId, version: 1 }),
  "messaging.listDeliveries": () => ({}),
  "messaging.getDelivery": ({ ids }) => ({ deliveryId: ids.deliveryId }),
};

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.stop());

/** Opens a server and gives one of its tenants a row of everything. */
async function openWorld(): Promise<World> {
  const env = { WECHAT_API_URL: emulator.url, WECHAT_MP_URL: emulator.url, SMTP_URL: emulator.smtpUrl };
  const server = await openTestServer(inject("clusterUrl"), { env });
  const owner = await server.asOwner();
  const stranger = await server.asOwner();
  const bound = await bindLanternTea(owner, emulator.world, server.url);
  const puppet = emulator.world.createPuppet();
  await emulator.world.scan(puppet.id, { code: bound.channel.ticket });
  await server.runUntilIdle();
  const { api } = owner;
  const role = await api.access.createRole({ name: "Nothing", permissions: [] });
  const login = `powerless-${++made}@lantern-tea.example`;
  const password = "correct horse battery";
  const account = await api.access.createAccount({ login, displayName: "Powerless", password, roleIds: [role.id] });
  const session = await server.anonymous().access.login({ login, password });
  await server.anonymous().access.refresh({ refreshToken: session.refreshToken });
  await api.settings.change({ key: "connect.pushToleranceSeconds", value: 200, version: 0 });
  const people = await api.audience.listPeople({});
  const personId = people.items[0]!.id;
  const tagged = await api.audience.addTag({ personId, name: "to be removed" });
  const rules = await api.messaging.listRules();
  const deliveries = await api.messaging.listDeliveries({});
  const events = await api.events.list({ name: "connect.message_received.v1" });
  await server.runtime.unscopedDb().updateTable("kit_delivery").set({ state: "dead", lastError: "made so" }).execute();
  return {
    server,
    contracts,
    owner,
    stranger,
    powerless: { ...owner, accessToken: session.accessToken },
    bound,
    ids: {
      accountId: account.id,
      roleId: role.id,
      personId,
      tagId: tagged.tags.find(({ name }) => name === "to be removed")!.tagId,
      ruleId: rules.items[0]!.id,
      spareRuleId: rules.items[1]!.id,
      deliveryId: deliveries.items[0]!.id,
      eventId: events.items[0]!.id,
    },
  };
}

test("the public routes are a listed set", async () => {
  const open = Object.values<Contract>(contracts).flatMap((contract) =>
    Object.values(contract).filter(({ access }) => access === publicAccess),
  );
  expect(open.map(({ id }) => id).toSorted()).toEqual(publicRoutes);
});

test("every other route works for its owner, and for nobody else", async () => {
  const world = await openWorld();
  expect(await violations(world, fixtures)).toEqual([]);
  await world.server.close();
});

test("with the policy of one table gone, the test above turns red", async () => {
  const world = await openWorld();
  const unnoticed: string[] = [];
  for (const table of await tenantTables(world.server)) {
    const db = world.server.runtime.unscopedDb();
    await sql`ALTER TABLE ${sql.table(table)} DISABLE ROW LEVEL SECURITY`.execute(db);
    if ((await rowsOfOthers(world)).length === 0) unnoticed.push(table);
    await sql`ALTER TABLE ${sql.table(table)} ENABLE ROW LEVEL SECURITY`.execute(db);
  }
  expect(unnoticed).toEqual([]);
  await world.server.close();
}, 60_000);
