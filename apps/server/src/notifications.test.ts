import { newId } from "@zhanggui/kit/contract/ids";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { NotificationsService } from "./foundation/notifications/notifications.service.ts";
import { invitationAccepted } from "./foundation/notifications/notifications.notifications.ts";
import { refusal } from "./testing/refusal.ts";
import { openTeaShop, type TeaShop } from "./testing/tea-shop.ts";
import { type Member, testPassword } from "./testing/test-server.ts";

/* What people are told, and by which module. */
let tea: TeaShop;
beforeEach(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterEach(() => tea.close());

const hourMs = 3_600_000;
const toldTo = async ({ api }: Member) =>
  (await api.notifications.list({})).items.map(({ title, isRead }) => `${isRead ? "read " : ""}${title.en}`);
async function tell(who: Member, key: string, accountName = key, roll = false): Promise<void> {
  const service = tea.server.app.get(NotificationsService, { strict: false });
  await tea.server.runtime.ctx(who.tenantId).tx(async (ctx) => {
    await service.notify(ctx, invitationAccepted, { accountName }, { to: { accountIds: [who.accountId] }, key });
    if (roll) throw new Error("rolled back");
  });
}

test("an invitation that is accepted is told to whoever made it, and to nobody else", async () => {
  const [other, stranger] = [await tea.server.as("developer", tea.owner), await tea.server.asOwner()];
  const { items } = await tea.owner.api.access.listRoles();
  const roleIds = items.filter(({ builtIn }) => builtIn === "finance").map(({ id }) => id);
  const account = { login: "qing@lantern-tea.example", displayName: "阿青", roleIds };
  const { invitation } = await tea.owner.api.access.createAccount(account);
  const token = invitation?.token ?? "";
  await tea.server.anonymous().access.acceptInvitation({ token, password: testPassword });
  await tea.settle();
  expect(await toldTo(tea.owner)).toEqual(["阿青 accepted your invitation and chose a password"]);
  expect([await toldTo(other), await toldTo(stranger)]).toEqual([[], []]);
});

test("what is told twice is told once; a transaction that fails tells nobody; others can't read it away", async () => {
  await tell(tea.owner, "a");
  await tell(tea.owner, "a", "another");
  await tell(tea.owner, "b", "b", true).catch(() => undefined);
  expect(await toldTo(tea.owner)).toEqual(["a accepted your invitation and chose a password"]);
  const [notice] = (await tea.owner.api.notifications.list({})).items;
  const ids = [notice?.id ?? "", newId(tea.server.clock.now())];
  const colleague = await tea.server.as("operator", tea.owner);
  for (const who of [colleague, await tea.server.asOwner()])
    expect(await who.api.notifications.read({ ids })).toEqual({ read: 0 });
  expect(await tea.owner.api.notifications.getFigures()).toEqual({ unread: 1, isMore: false });
  expect(await tea.owner.api.notifications.read({ ids })).toEqual({ read: 1 });
  expect(await tea.owner.api.notifications.read({ ids })).toEqual({ read: 0 });
  expect((await tea.owner.api.notifications.list({ isRead: false })).items).toEqual([]);
  expect((await tea.owner.api.notifications.list({ isRead: true })).items).toHaveLength(1);
  const tooMany = Array.from({ length: 201 }, () => notice?.id ?? "");
  expect(await refusal(tea.owner.api.notifications.read({ ids: tooMany }))).toMatchObject({
    code: "kit.invalid_input",
  });
});

test("unread ones are counted to 99, and all that had come are read at once; a later one stays", async () => {
  for (let n = 0; n < 101; n += 1) await tell(tea.owner, `${n}`);
  expect(await tea.owner.api.notifications.getFigures()).toEqual({ unread: 99, isMore: true });
  const until = tea.server.clock.now().toISOString();
  tea.server.clock.advance(1000);
  await tell(tea.owner, "late");
  expect(await tea.owner.api.notifications.readAll({ until })).toEqual({ read: 101 });
  expect(await tea.owner.api.notifications.getFigures()).toEqual({ unread: 1, isMore: false });
});

test("who doesn't want a kind isn't told of it, and who has lost its right isn't shown what they were told", async () => {
  const owner = tea.owner.api.notifications;
  await owner.choose({ kind: "access.invitation_accepted", isWanted: false });
  await owner.choose({ kind: "access.invitation_accepted", isWanted: false });
  await tell(tea.owner, "unwanted");
  expect(await toldTo(tea.owner)).toEqual([]);
  const { items } = await owner.listKinds();
  expect(items.find(({ name }) => name === "access.invitation_accepted")?.isWanted).toBe(false);
  await owner.choose({ kind: "access.invitation_accepted", isWanted: true });
  expect(await refusal(owner.choose({ kind: "tea.spilled", isWanted: true }))).toMatchObject({ code: "kit.not_found" });
  const reader = await tea.server.asHolderOf(["access:read"], tea.owner);
  await tell(reader, "told");
  expect(await toldTo(reader)).toHaveLength(1);
  const { items: accounts } = await tea.owner.api.access.listAccounts({});
  const roleId = accounts.find(({ id }) => id === reader.accountId)?.roles[0]?.id ?? "";
  await tea.owner.api.access.updateRole({ roleId, permissions: ["links:read"] });
  expect(await toldTo(reader)).toEqual([]);
  expect(await reader.api.notifications.getFigures()).toEqual({ unread: 0, isMore: false });
  const kinds = (await reader.api.notifications.listKinds()).items.map(({ name }) => name);
  expect(kinds).toContain("work.ended");
  expect(kinds).not.toContain("access.invitation_accepted");
});

test("ten thousand tasks that were given up are one notice with a count; more of them make it unread again", async () => {
  const die = (count: number) =>
    tea.server.runtime.unscopedDb().executeQuery(
      tea.server.runtime
        .unscopedDb()
        .insertInto("kit_dead")
        .values(
          Array.from({ length: count }, () => ({
            tenantId: tea.owner.tenantId,
            queue: "tea.calls",
            ref: newId(tea.server.clock.now()),
            key: null,
            priority: 0,
            attempts: 3,
            lastError: "broken",
            traceId: "a".repeat(32),
            diedAt: tea.server.clock.now(),
          })),
        )
        .compile(),
    );
  const look = () => tea.server.runtime.runSchedule("events.tell_of_dead");
  const operator = await tea.server.as("finance", tea.owner);
  await look();
  expect(await toldTo(tea.owner)).toEqual([]);
  for (let n = 0; n < 10; n += 1) await die(1000);
  await look();
  await look();
  expect(await toldTo(tea.owner)).toEqual(["Tasks that failed after many tries and need you: 500+"]);
  expect(await toldTo(operator)).toEqual([]);
  await tea.owner.api.notifications.readAll({ until: tea.server.clock.now().toISOString() });
  tea.server.clock.advance(1000);
  await look();
  expect(await toldTo(tea.owner)).toEqual(["read Tasks that failed after many tries and need you: 500+"]);
  await die(1);
  tea.server.clock.advance(1000);
  await look();
  expect(await toldTo(tea.owner)).toEqual(["Tasks that failed after many tries and need you: 500+"]);
});

test("whoever may answer is told of customers who soon can't be answered, without their names", async () => {
  const write = async (name: string): Promise<void> => {
    const puppet = tea.emulator.world.createPuppet({ name });
    await tea.emulator.world.follow(puppet.id);
    await tea.emulator.world.say(puppet.id, { text: `我是${name}` });
    await tea.settle();
  };
  const remind = () => tea.server.runtime.runSchedule("messaging.remind");
  const finance = await tea.server.as("finance", tea.owner);
  await write("王小明");
  tea.server.clock.advance(43 * hourMs);
  await remind();
  expect(await toldTo(tea.owner)).toEqual([]);
  tea.server.clock.advance(hourMs + 60_000);
  await remind();
  await remind();
  const { items } = await tea.owner.api.notifications.list({});
  expect(items).toMatchObject([{ link: expect.stringMatching(/^\/messages\/conversations\/[0-9a-f-]{36}$/) }]);
  expect(JSON.stringify(items)).not.toContain("王小明");
  expect(await toldTo(finance)).toEqual([]);
  await tea.owner.api.settings.change({ key: "messaging.remindHours", value: 0, version: 0 });
  await tea.owner.api.notifications.readAll({ until: tea.server.clock.now().toISOString() });
  await write("李雷");
  tea.server.clock.advance(45 * hourMs);
  await remind();
  expect((await toldTo(tea.owner)).every((title) => title.startsWith("read "))).toBe(true);
});

test("an app whose secret WeChat doesn't take any more is told of once a day", async () => {
  const { wechatAppId, appid } = tea.bound;
  await tea.settle();
  tea.emulator.world.account(appid).secret = "changed elsewhere";
  tea.server.clock.advance(3 * hourMs);
  for (let n = 0; n < 2; n += 1) await tea.owner.api.connect.testApp({ wechatAppId });
  const failing = (await toldTo(tea.owner)).filter((title) => title.includes("rejected the secret"));
  expect(failing).toHaveLength(1);
});
