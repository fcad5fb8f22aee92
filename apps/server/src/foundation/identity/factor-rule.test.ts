import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { codeOf } from "../../testing/authenticator.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, testPassword as password, type Member, type TestServer } from "../../testing/test-server.ts";
import { secondFactorGraceDays, secondFactorOf } from "./identity.settings.ts";

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
});
afterAll(() => server.close());

const dayMs = 86_400_000;
const held = { code: "kit.second_factor_due", status: 403 };
const as = (accessToken: string) => server.anonymous({ authorization: `Bearer ${accessToken}` });
/** Switches the factor on. @returns a code for each sign-in that follows */
async function guard({ api }: Pick<Member, "api">) {
  const { secret } = await api.access.beginSecondFactor({ password });
  const code = (): string => codeOf(secret, server.clock.now());
  await api.access.confirmSecondFactor({ code: code() });
  return (): string => {
    server.clock.advance(30_000);
    return code();
  };
}
/** A business that demands it of some, from `days` on. */
async function demanding(of: "weighty" | "everybody", days: number) {
  const owner = await server.asOwner();
  const next = await guard(owner);
  await owner.api.settings.change({ key: secondFactorGraceDays.key, value: days, version: 0 });
  await owner.api.settings.change({ key: secondFactorOf.key, value: of, version: 0 });
  return { owner, next };
}

describe("a demand for a second factor (ASVS 6.3.3)", () => {
  test("is made by nobody who hasn't one: not by change, by a key, or by going back to one", async () => {
    const owner = await server.asOwner();
    const change = (value: string, version: number) =>
      owner.api.settings.change({ key: secondFactorOf.key, value, version });
    const refused = { code: "access.own_factor_first", status: 409 };
    expect(await refusal(change("everybody", 0))).toMatchObject(refused);
    const { token } = await owner.api.keys.create({
      name: "till",
      permissions: ["settings:write", "settings:read"],
      effects: ["read", "change"],
    });
    const byKey = as(token).settings.change({ key: secondFactorOf.key, value: "everybody", version: 0 });
    expect(await refusal(byKey)).toMatchObject(refused);
    const next = await guard(owner);
    await change("weighty", 0);
    await change("nobody", 1);
    await owner.api.access.endSecondFactor({ code: next() });
    const back = owner.api.settings.rollBack({ key: secondFactorOf.key, to: 1, version: 2 });
    expect(await refusal(back)).toMatchObject(refused);
    expect(await owner.api.access.me()).toMatchObject({ factorDue: null });
  });

  test("is told until its day, and then nothing else is answered until it is met", async () => {
    const { owner } = await demanding("everybody", 7);
    const colleague = await server.as("operator", owner);
    const { factorDue } = await colleague.api.access.me();
    expect(factorDue).toMatchObject({ isOver: false });
    expect(Date.parse(factorDue!.from) - server.clock.now().getTime()).toBeGreaterThan(6 * dayMs);
    expect(await owner.api.access.me()).toMatchObject({ factorDue: null });
    expect((await colleague.api.links.list()).items).toEqual([]);
    server.clock.advance(7 * dayMs);
    expect(await colleague.api.access.me()).toMatchObject({ factorDue: { isOver: true } });
    expect(await refusal(colleague.api.links.list())).toMatchObject(held);
    expect(await refusal(colleague.api.access.listOwnSessions())).toMatchObject(held);
    expect(await refusal(colleague.api.access.listOtherTenants())).toMatchObject(held);
    const wrong = { currentPassword: password, newPassword: "another long horse" };
    expect(await refusal(colleague.api.access.changePassword(wrong))).toMatchObject(held);
    await guard(colleague);
    expect((await colleague.api.links.list()).items).toEqual([]);
    expect(await colleague.api.access.me()).toMatchObject({ factorDue: null });
  });

  test("holds who switches theirs off, or had it taken away; signing out is always open", async () => {
    const { owner } = await demanding("everybody", 0);
    const colleague = await server.as("operator", owner);
    const next = await guard(colleague);
    await colleague.api.access.endSecondFactor({ code: next() });
    expect(await refusal(colleague.api.links.list())).toMatchObject(held);
    await guard(colleague);
    await owner.api.access.resetSecondFactor({ accountId: colleague.accountId });
    expect(await refusal(colleague.api.links.list())).toMatchObject(held);
    expect(await colleague.api.access.logout()).toEqual({});
  });

  test("of weighty rights alone leaves the others alone, whatever their role is called", async () => {
    const { owner } = await demanding("weighty", 0);
    const clerk = await server.asHolderOf(["links:read"], owner);
    const keeper = await server.asHolderOf(["links:read", "keys:write"], owner);
    expect((await clerk.api.links.list()).items).toEqual([]);
    expect(await refusal(keeper.api.links.list())).toMatchObject(held);
    const { items } = await owner.api.access.listAccounts({ secondFactor: "off" });
    expect(items.map(({ id }) => id).toSorted()).toEqual([clerk.accountId, keeper.accountId].toSorted());
  });

  test("isn't got round by acting in another's name, and a key goes on", async () => {
    const { owner } = await demanding("everybody", 1);
    const clerk = await server.asHolderOf(["links:read"], owner);
    const manager = await server.asHolderOf(["links:read", "access:impersonate", "access:read"], owner);
    const inName = async (by: Member) =>
      as((await by.api.access.impersonate({ accountId: clerk.accountId, reason: "looks with them" })).accessToken);
    const [byManager, byOwner] = [await inName(manager), await inName(owner)];
    const { token } = await owner.api.keys.create({ name: "shop", permissions: ["links:read"], effects: ["read"] });
    // Longer than somebody may act in another's name: so the day itself is made to come.
    await owner.api.settings.change({ key: secondFactorGraceDays.key, value: 0, version: 1 });
    expect(await refusal(byManager.links.list())).toMatchObject({ code: "kit.session_expired" });
    // Who acts has theirs: what the other has doesn't matter.
    expect((await byOwner.links.list()).items).toEqual([]);
    expect(await byOwner.access.me()).toMatchObject({ factorDue: null });
    expect((await as(token).links.list()).items).toEqual([]);
  });

  test("of the platform holds for every business that says nothing else, and for all once it is pinned", async () => {
    const platform = await server.asPlatformOwner();
    await guard(platform);
    const owner = await server.asOwner();
    const at = { level: "platform", scopeId: "" } as const;
    await platform.api.settings.change({ key: secondFactorGraceDays.key, value: 0, version: 0, ...at });
    await platform.api.settings.change({ key: secondFactorOf.key, value: "weighty", version: 0, ...at });
    expect(await refusal(owner.api.links.list())).toMatchObject(held);
    await guard(owner);
    expect((await owner.api.links.list()).items).toEqual([]);
    await owner.api.settings.change({ key: secondFactorOf.key, value: "nobody", version: 0 });
    const second = await server.asHolderOf(["keys:write", "links:read"], owner);
    expect((await second.api.links.list()).items).toEqual([]);
    const pin = { value: "weighty", version: 1, isPinned: true, ...at };
    await platform.api.settings.change({ key: secondFactorOf.key, ...pin });
    expect(await refusal(second.api.links.list())).toMatchObject(held);
    await platform.api.settings.clear({ key: secondFactorOf.key, version: 2, ...at });
  });
});
