import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { authenticated, customerAccess, publicAccess } from "@zhanggui/kit/contract/permission";
import type { Contract } from "@zhanggui/kit/contract/route";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { rowsOfOthers, tenantTables, violations, type Fixtures, type World } from "./testing/every-route.ts";
import { type Member, openTestServer } from "./testing/test-server.ts";
import { contracts } from "./contracts.ts";
import { modules } from "./modules.ts";
import { codeIn, signInCustomer } from "./testing/customers.ts";
import { bindLanternTea } from "./testing/lantern-tea.ts";

/** The only routes that need no account. */
const publicRoutes = [
  "access.acceptInvitation",
  "access.login",
  "access.readInvitation",
  "access.refresh",
  "access.setup",
  "access.setupStatus",
  "codes.challenge",
  "codes.solver",
  "connect.receive",
  "connect.signPage",
  "connect.verifyCallback",
  "customers.about",
  "customers.askCode",
  "customers.beginWechat",
  "customers.page",
  "customers.pageFile",
  "customers.refresh",
  "customers.signIn",
  "customers.wechatCallback",
  "files.open",
  "identity.begin",
  "identity.callback",
  "links.open",
  "links.unlock",
  "operations.getMaintenance",
  "sms.takePush",
];

/** The only routes that an account needs no right for. */
const routesOfAnyAccount = [
  "access.beginSecondFactor",
  "access.changePassword",
  "access.confirmSecondFactor",
  "access.endImpersonation",
  "access.endOtherSessions",
  "access.endOwnSession",
  "access.endSecondFactor",
  "access.getSecondFactor",
  "access.listOtherTenants",
  "access.listOwnSessions",
  "access.logout",
  "access.me",
  "access.proveTenant",
  "access.renewRecoveryCodes",
  "access.switchTenant",
  "archives.create",
  "archives.delete",
  "archives.download",
  "archives.get",
  "archives.list",
  "archives.pause",
  "archives.resume",
  "exports.create",
  "exports.delete",
  "exports.download",
  "exports.get",
  "exports.list",
  "exports.pause",
  "exports.resume",
  "files.beginUpload",
  "files.delete",
  "files.download",
  "files.endUpload",
  "files.getUpload",
  "files.link",
  "files.list",
  "files.sendUpload",
  "files.thumbnail",
  "files.upload",
  "imports.cancel",
  "imports.check",
  "imports.create",
  "imports.delete",
  "imports.errors",
  "imports.get",
  "imports.list",
  "imports.listTargets",
  "imports.pause",
  "imports.preview",
  "imports.resume",
  "imports.run",
  "imports.template",
  "notifications.choose",
  "notifications.getFigures",
  "notifications.list",
  "notifications.listKinds",
  "notifications.read",
  "notifications.readAll",
  "views.create",
  "views.delete",
  "views.list",
  "views.update",
  "work.cancel",
  "work.get",
  "work.list",
  "work.pause",
  "work.resume",
];

/** The only routes of customers. */
const routesOfCustomers = [
  "customers.addContact",
  "customers.follow",
  "customers.linkWechat",
  "customers.me",
  "customers.signOut",
  "subscriptions.report",
];

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.stop());

const everything = async ({ api }: Member): Promise<string[]> =>
  (await api.access.listPermissions()).items.map(({ code }) => code);

async function openWorld(): Promise<World> {
  const env = {
    WECHAT_API_URL: emulator.url,
    WECHAT_MP_URL: emulator.url,
    WECHAT_OPEN_URL: emulator.url,
    SMTP_URL: emulator.smtpUrl,
    SMS_URL: emulator.smsUrl,
    SMS_API_URL: emulator.url,
  };
  const server = await openTestServer(inject("clusterUrl"), { env });
  const [owner, stranger] = [await server.asPlatformOwner(), await server.asOwner()];
  const bound = await bindLanternTea(owner, emulator.world, server.url);
  const puppet = emulator.world.createPuppet();
  await emulator.world.scan(puppet.id, { code: bound.channel.ticket });
  await emulator.world.say(puppet.id, { appid: bound.appid, text: "桂花乌龙还有吗？" });
  const another = emulator.world.createPuppet();
  await emulator.world.follow(another.id, { appid: bound.appid });
  await emulator.world.say(another.id, { appid: bound.appid, text: "几点开门？" });
  await emulator.world.sendImage(another.id, { appid: bound.appid });
  await server.runUntilIdle();
  const customer = await signInCustomer(server, emulator.world, { tenantId: owner.tenantId, address: "13800138000" });
  const { tenantId } = stranger;
  const otherCustomer = await signInCustomer(server, emulator.world, { tenantId, address: "13800138000" });
  return {
    server,
    owner,
    stranger,
    customer,
    otherCustomer,
    readCode: (address) => codeIn(emulator.world, address),
    powerless: await server.asHolderOf([], owner),
    narrowed: await server.asHolderOf(await everything(owner), owner, "own"),
    bound,
    newCarrier: () =>
      emulator.world.state.carriers.open({
        carrier: "aliyun",
        keyId: `LTAI${emulator.world.state.random.hex(12)}`,
        secret: "lantern-secret",
        signatures: ["灯笼茶"],
        templates: [{ id: "SMS_1", text: "取茶号${number}" }],
      }),
    newAccount: (kind = "service") => emulator.world.createAccount({ kind }),
    subscriber: async (appid, templateId) => {
      const { id } = emulator.world.createPuppet();
      await emulator.world.subscribe(id, { appid, answers: { [templateId]: "accept" } });
      return emulator.world.bonds().find((bond) => bond.appid === appid && bond.puppetId === id)!.openid;
    },
    accessToken: (appid) => emulator.world.state.tokens.issueStable(appid, false).value,
  };
}

/** Each module brings its own; one that lacks the file fails here. */
async function loadFixtures(): Promise<Fixtures[]> {
  const files = modules.map(({ layer, name }) => `./${layer}/${name}/${name}.fixtures.ts`);
  const loaded = await Promise.all(files.map((file) => import(file) as Promise<{ fixtures: Fixtures }>));
  return loaded.map(({ fixtures }) => fixtures);
}

test.each([
  ["public routes", publicAccess, publicRoutes],
  ["routes that any account may call", authenticated, routesOfAnyAccount],
  ["routes of customers", customerAccess, routesOfCustomers],
])("the %s are a listed set", (_, access, listed) => {
  const routes = Object.values<Contract>(contracts).flatMap((contract) => Object.values(contract));
  const open = routes.filter((route) => route.access === access);
  expect(open.map(({ id }) => id).toSorted()).toEqual(listed);
});

test("every other route works for its owner, and for nobody else", async () => {
  const world = await openWorld();
  expect(await violations(world, await loadFixtures())).toEqual([]);
  await world.server.close();
});

test("a route that says it reads, and changes something, turns the test above red", async () => {
  const world = await openWorld();
  const untrue = { createRule: { ...contracts.messaging.createRule, effect: "read" as const } };
  const lying = (await loadFixtures()).map(({ contract, prepare }) => ({
    contract: contract === contracts.messaging ? untrue : {},
    prepare,
  }));
  expect(await violations(world, lying)).toEqual([expect.stringContaining("messaging.createRule says that it only")]);
  await world.server.close();
});

test("a route that takes a customer for an account, or an account for a customer, turns it red, too", async () => {
  const world = await openWorld();
  // As if the tokens of either were good where the other's are asked for.
  const mistaken = { ...world, customer: { ...world.customer, accessToken: world.owner.accessToken } };
  const wrong = await violations(mistaken, await loadFixtures());
  expect(wrong).toContainEqual("links.list: expected 401, got success");
  expect(wrong).toContainEqual(expect.stringContaining("customers.me: its customer's call failed"));
  await world.server.close();
});

test("a route of owned things that forgets whose they are turns it red, too", async () => {
  const world = await openWorld();
  // As if the condition of the lists, and of single links, reached everybody's.
  const forgetful = { ...world, narrowed: world.owner };
  const links = (await loadFixtures()).map(({ contract, prepare }) => ({
    contract: contract === contracts.links ? contract : {},
    prepare,
  }));
  expect(await violations(forgetful, links)).toEqual(
    expect.arrayContaining([
      expect.stringContaining("links.list shows who only reaches their own"),
      expect.stringContaining("links.update"),
    ]),
  );
  await world.server.close();
});

test("with the policy of one table gone, the test above turns red", async () => {
  const world = await openWorld();
  for (const { prepare } of await loadFixtures()) await prepare(world);
  const unnoticed: string[] = [];
  for (const table of await tenantTables(world.server)) {
    const db = world.server.runtime.unscopedDb();
    await sql`ALTER TABLE ${sql.table(table)} DISABLE ROW LEVEL SECURITY`.execute(db);
    if ((await rowsOfOthers(world)).length === 0) unnoticed.push(table);
    await sql`ALTER TABLE ${sql.table(table)} ENABLE ROW LEVEL SECURITY`.execute(db);
  }
  expect(unnoticed).toEqual([]);
  await world.server.close();
});
