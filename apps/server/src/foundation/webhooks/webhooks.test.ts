import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { type Message, openReceiver, type Receiver, receiverEnv } from "../../testing/webhook-receiver.ts";
import { settingChanged } from "../settings/settings.events.ts";
import { Sender } from "./sender.ts";

const hourMs = 3_600_000;
const changed = settingChanged.name;

let server: TestServer;
let owner: Member;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await openReceiver();
  server = await openTestServer(inject("clusterUrl"), { env: receiverEnv });
  server.app.get(Sender).timeoutMs = 300;
});
afterAll(async () => {
  await server.close();
  await receiver.close();
});
beforeEach(async () => {
  receiver.reset();
  await renew();
  owner = await server.asOwner();
});
/** What waits for its time belongs to its test. */
afterEach(async () => {
  const { items } = await owner.api.webhooks.listEndpoints({ limit: 100 });
  for (const { id } of items) await owner.api.webhooks.deleteEndpoint({ endpointId: id });
  await server.runUntilIdle();
});

/** Processes say every hour what they listen to. */
const renew = () => server.runtime.registerSubscriptions();
const add = (path: string, more: object = {}, who = owner) =>
  who.api.webhooks.createEndpoint({ name: path, url: `${receiver.url}${path}`, events: [changed], ...more });
/** Emits so many events, numbered from `from`. */
const happen = (count: number, from = 0, who = owner) =>
  server.runtime.ctx(who.tenantId).tx((ctx) =>
    ctx.emitAll(
      settingChanged,
      range(count, from).map((version) => ({ key: "tea.pots", version })),
    ),
  );
const range = (count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n);
const ascending = (a: number, b: number) => a - b;

function theOne(): Message {
  const [message] = receiver.taken;
  if (message === undefined) throw new Error("nothing came");
  return message;
}

test("an endpoint is told of the events it names, signed, with its own headers; its secret is told once", async () => {
  const made = await add("/erp", { ownHeaders: [{ name: "X-Shop", value: "lantern" }] });
  await add("/forms", { events: ["forms.answered.v1"] });
  const [eventId] = await happen(1);
  await server.runUntilIdle();
  expect(receiver.taken).toHaveLength(1);
  const { headers, body } = theOne();
  expect(headers).toMatchObject({ "x-shop": "lantern", "content-type": "application/json", "webhook-id": eventId });
  const verifier = new Webhook(made.secret);
  // Its clock is this machine's: the server's may be turned.
  const seconds = Number(headers["webhook-timestamp"]);
  expect(Math.abs(seconds * 1000 - server.clock.now().getTime())).toBeLessThan(10_000);
  const signed = verifier.sign(String(headers["webhook-id"]), new Date(seconds * 1000), body);
  expect(headers["webhook-signature"]).toBe(signed);
  expect(JSON.parse(body)).toEqual({
    type: changed,
    timestamp: expect.stringMatching(/^\d{4}-/),
    data: { key: "tea.pots", version: 0, level: "tenant", scopeId: "" },
  });
  const { items } = await owner.api.webhooks.listEndpoints({ search: "erp" });
  expect(items).toMatchObject([{ state: "active", headerNames: ["X-Shop"], successPercent: 100, waiting: 0 }]);
  expect(JSON.stringify(items)).not.toContain("lantern");
  expect(JSON.stringify(items)).not.toContain(made.secret.slice(6, 20));
  expect(items[0]?.lastSuccessAt).not.toBeNull();
});

test("what a header holds isn't sent to another receiver than the one that it was said for", async () => {
  const { id: endpointId } = await add("/erp", { ownHeaders: [{ name: "Authorization", value: "Bearer tea" }] });
  const other = await openReceiver();
  const empty = { code: "webhooks.header_empty", details: { name: "Authorization" } };
  const change = (more: object) => owner.api.webhooks.updateEndpoint({ endpointId, ...more });
  expect(await refusal(change({ url: `${other.url}/x` }))).toMatchObject(empty);
  const ownHeaders = [{ name: "authorization", value: "" }];
  expect(await refusal(change({ url: `${other.url}/x`, ownHeaders }))).toMatchObject({ code: empty.code });
  await change({ url: `${receiver.url}/crm` });
  await owner.api.webhooks.testEndpoint({ endpointId });
  await server.runUntilIdle();
  expect(theOne().headers["authorization"]).toBe("Bearer tea");
  await change({ url: `${other.url}/x`, ownHeaders: [{ name: "Authorization", value: "Bearer pot" }] });
  await owner.api.webhooks.testEndpoint({ endpointId });
  await server.runUntilIdle();
  expect(other.taken.map(({ headers }) => headers["authorization"])).toEqual(["Bearer pot"]);
  await other.close();
});

test("an event of one tenant is no other tenant's", async () => {
  const neighbour = await server.asOwner();
  await add("/mine");
  await add("/theirs", {}, neighbour);
  await happen(3);
  await happen(2, 10, neighbour);
  await server.runUntilIdle();
  expect([receiver.numbers("/mine").toSorted(ascending), receiver.numbers("/theirs").toSorted(ascending)]).toEqual([
    [0, 1, 2],
    [10, 11],
  ]);
  const { items } = await neighbour.api.webhooks.listEndpoints({});
  for (const { id } of items) await neighbour.api.webhooks.deleteEndpoint({ endpointId: id });
});

test("while it changes over both secrets sign, later the new one alone; one that has leaked ends at once", async () => {
  const { id: endpointId, secret: first } = await add("/erp");
  const takes = async (keys: readonly string[]): Promise<boolean[]> => {
    receiver.taken = [];
    await happen(1);
    await server.runUntilIdle();
    const { headers, body } = theOne();
    const at = new Date(Number(headers["webhook-timestamp"]) * 1000);
    const given = String(headers["webhook-signature"]).split(" ");
    return keys.map((key) => given.includes(new Webhook(key).sign(String(headers["webhook-id"]), at, body)));
  };
  expect(await takes([first])).toEqual([true]);
  const { secret: second, formerUntil } = await owner.api.webhooks.rotateSecret({ endpointId, formerHours: 24 });
  expect(formerUntil).not.toBeNull();
  expect(await takes([first, second])).toEqual([true, true]);
  server.clock.advance(25 * hourMs);
  expect(await takes([first, second])).toEqual([false, true]);
  const { secret: third } = await owner.api.webhooks.rotateSecret({ endpointId, formerHours: 0 });
  expect(await takes([second, third])).toEqual([false, true]);
});

test("what is larger than 20 kB is told by reference, and can be fetched there", async () => {
  await add("/erp");
  const key = "茶".repeat(10_000);
  await server.runtime
    .ctx(owner.tenantId)
    .tx((ctx) => ctx.emit(settingChanged, { key, version: 1, level: "tenant", scopeId: "" }));
  await server.runUntilIdle();
  const { reference, data } = JSON.parse(receiver.taken[0]?.body ?? "") as {
    reference: { eventId: string };
    data?: unknown;
  };
  expect(data).toBeUndefined();
  const { payload: fetched } = await owner.api.events.get({ eventId: reference.eventId });
  expect(fetched).toEqual({ key, version: 1, level: "tenant", scopeId: "" });
});

test("a test event goes to the endpoint it is for, and to no other", async () => {
  const { id: endpointId } = await add("/erp");
  await add("/crm");
  const { deliveryId } = await owner.api.webhooks.testEndpoint({ endpointId });
  await server.runUntilIdle();
  expect(receiver.taken.map(({ path }) => path)).toEqual(["/erp"]);
  const sent = await owner.api.webhooks.getDelivery({ deliveryId });
  expect(sent).toMatchObject({ state: "delivered", status: 200, eventName: "webhooks.tested.v1" });
  expect(sent.message).toBe(receiver.taken[0]?.body);
});

test("what can't be is refused, each with its reason", async () => {
  const { id: endpointId } = await add("/erp", { ownHeaders: [{ name: "X-Shop", value: "tea" }] });
  const code = async (given: object) => (await refusal(add("/other", given))).code;
  for (const [given, said] of [
    [{ name: "/erp" }, "webhooks.name_taken"],
    [{ url: "not an address" }, "webhooks.address_scheme"],
    [{ url: "ftp://203.0.114.9" }, "webhooks.address_scheme"],
    [{ url: "https://me:tea@203.0.114.9" }, "webhooks.address_credentials"],
    [{ url: receiver.secretUrl }, "webhooks.address_internal"],
    [{ url: "https://[::ffff:169.254.169.254]/latest" }, "webhooks.address_internal"],
    [{ url: "https://localhost/" }, "webhooks.address_internal"],
    [{ url: "http://203.0.114.9/" }, "webhooks.address_unencrypted"],
    [{ events: ["access.invitation_accepted.v1"] }, "webhooks.unknown_event"],
    [{ events: ["webhooks.tested.v1"] }, "webhooks.unknown_event"],
    [{ events: [] }, "kit.invalid_input"],
    [{ ownHeaders: [{ name: "Webhook-Id", value: "1" }] }, "webhooks.header_reserved"],
    [{ ownHeaders: [{ name: "HOST", value: "1" }] }, "webhooks.header_reserved"],
    [{ ownHeaders: [{ name: "X-A", value: "" }] }, "webhooks.header_empty"],
    [{ ownHeaders: [{ name: "X-A", value: "one\r\nx-two: 2" }] }, "kit.invalid_input"],
    [{ ownHeaders: [{ name: "X A", value: "1" }] }, "kit.invalid_input"],
  ] as const)
    expect([given, await code(given)]).toEqual([given, said]);
  // A value that isn't given anew stays.
  await owner.api.webhooks.updateEndpoint({ endpointId, ownHeaders: [{ name: "x-shop", value: "" }] });
  await happen(1);
  await server.runUntilIdle();
  expect(receiver.taken[0]?.headers["x-shop"]).toBe("tea");
  await owner.api.webhooks.updateEndpoint({ endpointId, enabled: false });
  expect(await refusal(owner.api.webhooks.testEndpoint({ endpointId }))).toMatchObject({
    code: "webhooks.endpoint_off",
  });
  // Who may not see what happens has nobody told of it.
  const blind = await server.asHolderOf(["webhooks:manage", "webhooks:read"], owner);
  expect((await refusal(add("/blind", {}, blind))).code).toBe("kit.forbidden");
  const [seen] = (await blind.api.webhooks.listDeliveries({})).items;
  expect((await blind.api.webhooks.getDelivery({ deliveryId: seen?.id ?? "" })).message).toBeNull();
});

test("endpoints made and switched off at once by many leave the tenant listening to what all of them want", async () => {
  for (let round = 0; round < 40; round++) {
    const names = [`/a${round}`, `/b${round}`, `/c${round}`];
    const [first, second] = await Promise.all([
      add(names[0] ?? ""),
      add(names[1] ?? "", { events: ["forms.answered.v1"] }),
    ]);
    await Promise.all([
      owner.api.webhooks.deleteEndpoint({ endpointId: first?.id ?? "" }),
      add(names[2] ?? ""),
      owner.api.webhooks.updateEndpoint({ endpointId: second?.id ?? "", enabled: false }),
    ]);
    await happen(1, round);
    await server.runUntilIdle();
    expect(receiver.numbers(names[2] ?? "")).toEqual([round]);
    const { items } = await owner.api.webhooks.listEndpoints({ limit: 100 });
    for (const { id } of items) await owner.api.webhooks.deleteEndpoint({ endpointId: id });
    await happen(1, round);
    const { rows } = await countTasks();
    expect(rows).toBe(0);
  }
});

async function countTasks(): Promise<{ rows: number }> {
  const rows = await server.runtime
    .unscopedDb()
    .selectFrom("kit_task")
    .select("ref")
    .where("queue", "=", "webhooks.fan_out")
    .execute();
  return { rows: rows.length };
}
