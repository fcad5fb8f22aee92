import type { Ctx } from "@zhanggui/kit/server/ctx";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { SignJWT } from "jose";
import { keyIdOf } from "@zhanggui/kit/server/secrets";
import { codeIn, provingClient, signInCustomer, type SignedInCustomer } from "../../testing/customers.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { openTestServer, testSecrets, type Api, type Member } from "../../testing/test-server.ts";
import { Contacts } from "../audience/contacts.ts";
import { CodesService } from "../../foundation/codes/codes.service.ts";
import { codeMessage } from "../../foundation/codes/codes.sealed.ts";
import { mergePeople } from "../audience/testing/merge.ts";
import { CustomersService } from "./customers.service.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** Many sign in here, all of them from one place. */
const limits = [
  ["codes.perNetworkHour", 10_000],
  ["codes.perBusinessHour", 10_000],
  ["codes.perDeviceHour", 1000],
  ["codes.perAddressHour", 100],
  ["codes.perAddressDay", 1000],
] as const;
let tea: TeaShop;
let owner: Member;
let made = 0;

beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  ({ owner } = tea);
  for (const [key, value] of limits) await owner.api.settings.change({ key, value, version: 0 });
});
afterAll(() => tea.close());

const newPhone = (): string => `136${String(10_000_000 + made++)}`;
const anywhere = (): Api => provingClient(tea.server, { "x-forwarded-for": `198.51.${made >> 8}.${made++ & 255}` });
const signIn = (address = newPhone(), { tenantId } = owner): Promise<SignedInCustomer> =>
  signInCustomer(tea.server, tea.emulator.world, { tenantId, address });
const as = (accessToken: string): Api => tea.server.anonymous({ authorization: `Bearer ${accessToken}` });
const byPhone = (address: string, { tenantId } = owner) => ({
  tenantId,
  channel: "phone" as const,
  address,
  headers: {},
});

/** The newest code, out of what lies sealed until it is sent. */
async function codeOf(ctx: Ctx): Promise<string> {
  const { id, messageSealed } = await ctx.db
    .selectFrom("codes_code")
    .select(["id", "messageSealed"])
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirstOrThrow();
  const opened = tea.server.runtime.secrets.open(messageSealed ?? "", codeMessage.context({ id }));
  return (JSON.parse(opened) as { code: string }).code;
}

describe("signing in", () => {
  test("makes whoever isn't known a person, and whoever is, the same one again", async () => {
    const phone = newPhone();
    const first = await signIn(phone);
    const person = await owner.api.audience.getPerson({ personId: first.personId });
    expect(person).toMatchObject({ displayName: `客户 136****${phone.slice(-4)}`, phone });
    expect(await first.api.customers.me()).toMatchObject({
      personId: first.personId,
      businessName: "Lantern Tea",
      signedInBy: { channel: "phone", address: `136****${phone.slice(-4)}` },
    });
    tea.server.clock.advance(2 * minuteMs);
    expect((await signIn(phone)).personId).toBe(first.personId);
    const { items } = await owner.api.audience.timeline({ personId: first.personId });
    expect(items.filter(({ kind }) => kind === "signed_in")).toHaveLength(2);
  });

  test("isn't possible while the business reads only, and no message goes out; whoever is in may leave", async () => {
    const { tenantId } = owner;
    const inside = await signIn();
    const set = (at: Date | null) =>
      tea.server.runtime
        .unscopedDb()
        .updateTable("access_tenant")
        .set({ suspendedAt: at })
        .where("id", "=", tenantId)
        .execute()
        .then(() => tea.server.runtime.tenants.look(tenantId));
    await set(tea.server.clock.now());
    const sent = () => tea.server.runtime.ctx(tenantId).sql`SELECT count(*)::int AS codes FROM codes_code`;
    const before = await sent();
    const asked = { tenantId, channel: "phone" as const, address: newPhone(), headers: {} };
    expect(await refusal(anywhere().customers.askCode(asked))).toMatchObject({ code: "customers.sign_in_refused" });
    const tried = anywhere().customers.signIn({ ...asked, code: "123456", deviceToken: "none" });
    expect(await refusal(tried)).toMatchObject({ code: "customers.sign_in_refused" });
    await tea.server.runUntilIdle();
    expect(await sent()).toEqual(before);
    await inside.api.customers.signOut();
    await set(null);
  });

  test("by a mail address that an operator wrote down is signing in as that person", async () => {
    const mail = `lin-${made++}@lantern-tea.example`;
    const { id } = await owner.api.audience.createPerson({ displayName: "林小满", mail });
    const wanted = { tenantId: owner.tenantId, channel: "mail" as const, address: mail, headers: {} };
    const { deviceToken } = await anywhere().customers.askCode(wanted);
    await tea.server.runUntilIdle();
    const code = codeIn(tea.emulator.world, mail);
    const session = await anywhere().customers.signIn({ ...wanted, code, deviceToken });
    expect(session.customer).toMatchObject({ personId: id, displayName: "林小满" });
  });

  test("of two who are new and come at once makes one person, a hundred times", async () => {
    const people = tea.server.app.get(Contacts);
    const ctx = tea.server.runtime.ctx(owner.tenantId);
    for (let round = 0; round < 100; round++) {
      const phone = newPhone();
      const both = [0, 1].map(() => ctx.tx((ctx) => people.ofContact(ctx, "phone", phone, "客户")));
      const ids = new Set(await Promise.all(both));
      expect(ids.size, `round ${round}`).toBe(1);
      const { total } = await owner.api.audience.listPeople({ search: phone });
      expect(total, `round ${round}`).toBe(1);
    }
  });

  test("says the same of an address that nobody knows, where newcomers aren't taken; only nothing arrives", async () => {
    const business = await tea.server.asOwner();
    await business.api.settings.change({ key: "customers.takesNewcomers", value: false, version: 0 });
    const answers: object[] = [];
    const numbers = Array.from({ length: 4 }, newPhone);
    const [known = "", unknown = ""] = numbers;
    for (const [n, phone] of numbers.entries()) {
      if (n % 2 === 0) await business.api.audience.createPerson({ displayName: "Regular", phone });
      const asked = await anywhere().customers.askCode(byPhone(phone, business));
      const { expiresAt: _, deviceToken: __, ...answer } = asked;
      answers.push(answer);
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    // What is done until it is answered is as much for both: the same row, the same task, and what follows is the queue's.
    const { db } = tea.server.runtime.ctx(business.tenantId);
    const rows = db.selectFrom("codes_code").select(["state", "tries", "purpose", "channel"]).orderBy("id");
    const tasks = db.selectFrom("kit_task").select("queue").where("queue", "=", "codes.send");
    const [first, ...others] = await rows.execute();
    for (const each of others) expect(each).toEqual(first);
    expect([others.length, (await tasks.execute()).length]).toEqual([3, 4]);
    await tea.server.runUntilIdle();
    const shown = (await business.api.codes.list({})).items.map(({ state, failure }) => [state, failure]);
    expect(new Set(shown.map(String)).size).toBe(1);
    const written = new Set(tea.emulator.world.texts().map(({ to }) => to));
    expect(numbers.map((phone) => written.has(phone))).toEqual(numbers.map((_, n) => n % 2 === 0));
    for (const phone of [known, unknown]) {
      const guess = anywhere().customers.signIn({ ...byPhone(phone, business), code: "000000", deviceToken: "none" });
      expect(await refusal(guess)).toMatchObject({ code: "codes.wrong" });
      const again = anywhere().customers.askCode(byPhone(phone, business));
      expect(await refusal(again)).toMatchObject({ code: "codes.asked_too_often" });
    }
  });

  test("isn't spoilt by whoever guesses at the number, nor by whoever asks for it themselves", async () => {
    const phone = newPhone();
    const customer = anywhere();
    const { deviceToken } = await customer.customers.askCode(byPhone(phone));
    await tea.server.runUntilIdle();
    const code = codeIn(tea.emulator.world, phone);
    const stranger = anywhere();
    const other = await stranger.customers.askCode(byPhone(newPhone()));
    const guess = (token: string, address = phone) =>
      refusal(stranger.customers.signIn({ ...byPhone(address), code: "000000", deviceToken: token }));
    const wrong = { code: "codes.wrong", errno: 2301, status: 422 };
    for (let n = 0; n < 7; n++) {
      // With a token of their own, with none, and of a number that nobody has asked for: all alike.
      for (const token of [other.deviceToken, "", `${deviceToken}x`]) expect(await guess(token)).toMatchObject(wrong);
      expect(await guess(other.deviceToken, newPhone())).toMatchObject(wrong);
    }
    tea.server.clock.advance(2 * minuteMs);
    // The stranger asks for the customer's number: a code goes there, and they have five tries of their own.
    await stranger.customers.askCode({ ...byPhone(phone), deviceToken: other.deviceToken });
    await tea.server.runUntilIdle();
    for (let n = 0; n < 5; n++) expect(await guess(other.deviceToken)).toMatchObject(wrong);
    expect(await guess(other.deviceToken)).toMatchObject({ code: "codes.expired", errno: 2302 });
    const session = await customer.customers.signIn({ ...byPhone(phone), code, deviceToken });
    expect(session.customer.businessName).toBe("Lantern Tea");
  });

  test("to a business that isn't there, or isn't said where there are several, is refused", async () => {
    const nowhere = { ...byPhone(newPhone()), tenantId: "01a22c82-4cbc-7000-b0fe-37a1b90f66bd" };
    expect(await refusal(anywhere().customers.askCode(nowhere))).toMatchObject({ code: "kit.not_found" });
    await tea.server.asOwner();
    expect(await refusal(anywhere().customers.about())).toMatchObject({ code: "kit.not_found" });
  });
});

describe("a session", () => {
  test("is renewed by its refresh token, once and once more within a minute; later everything ends", async () => {
    const { refreshToken, accessToken } = await signIn();
    const first = await anywhere().customers.refresh({ refreshToken });
    const again = await anywhere().customers.refresh({ refreshToken });
    expect(again.refreshToken).toBe(first.refreshToken);
    tea.server.clock.advance(2 * minuteMs);
    expect(await refusal(anywhere().customers.refresh({ refreshToken }))).toMatchObject({
      code: "customers.session_over",
      errno: 1406,
    });
    expect(await refusal(anywhere().customers.refresh({ refreshToken: first.refreshToken }))).toMatchObject({
      status: 401,
    });
    expect(await refusal(as(accessToken).customers.me())).toMatchObject({ code: "kit.session_expired" });
  });

  test("of two who renew it at once gives both the same next token, two hundred times", async () => {
    let { refreshToken } = await signIn();
    for (let round = 0; round < 200; round++) {
      const both = await Promise.all([0, 1].map(() => anywhere().customers.refresh({ refreshToken })));
      expect(new Set(both.map((each) => each.refreshToken)).size, `round ${round}`).toBe(1);
      ({ refreshToken } = both[0]!);
    }
  });

  test("holds an hour, is taken at 59 minutes and not at 61; ends after thirty days without a renewal", async () => {
    const { accessToken, refreshToken } = await signIn();
    tea.server.clock.advance(59 * minuteMs);
    await as(accessToken).customers.me();
    tea.server.clock.advance(2 * minuteMs);
    expect(await refusal(as(accessToken).customers.me())).toMatchObject({ code: "kit.session_expired" });
    tea.server.clock.advance(31 * dayMs);
    expect(await refusal(anywhere().customers.refresh({ refreshToken }))).toMatchObject({
      code: "customers.session_over",
    });
  });

  test("ends with the sign-out, and that one alone", async () => {
    const phone = newPhone();
    const one = await signIn(phone);
    tea.server.clock.advance(2 * minuteMs);
    const other = await signIn(phone);
    await one.api.customers.signOut();
    expect(await refusal(one.api.customers.me())).toMatchObject({ code: "kit.session_expired" });
    expect(await other.api.customers.me()).toMatchObject({ personId: one.personId });
  });

  test("of a tenant is nobody's in another, and each person's their own", async () => {
    const stranger = await tea.server.asOwner();
    const phone = newPhone();
    const [here, there] = [await signIn(phone), await signIn(phone, stranger)];
    expect(here.personId).not.toBe(there.personId);
    expect((await stranger.api.customers.list({})).items.map(({ person }) => person.id)).toEqual([there.personId]);
    const [session] = (await owner.api.customers.list({ personId: here.personId })).items;
    expect(await refusal(stranger.api.customers.end({ sessionId: session!.id }))).toMatchObject({
      code: "kit.not_found",
    });
    await here.api.customers.me();
  });

  const now = (): number => Math.floor(tea.server.clock.now().getTime() / 1000);
  const forged = async (change: { aud?: string; exp?: number; kid?: string; secret?: string }, personId: string) => {
    const [{ id: sid } = { id: "" }] = (await owner.api.customers.list({ personId })).items;
    const secret = change.secret ?? testSecrets.JWT_SECRET;
    return new SignJWT({ tid: owner.tenantId, sid })
      .setProtectedHeader({ alg: "HS256", kid: change.kid ?? keyIdOf(testSecrets.JWT_SECRET) })
      .setSubject(personId)
      .setIssuer("zhanggui")
      .setAudience(change.aud ?? "zhanggui-customer")
      .setExpirationTime(change.exp ?? now() + 60)
      .sign(new TextEncoder().encode(secret));
  };

  test("ASVS 9.2.3: takes no token for somebody else, by another key, late, unsigned, or of another kind", async () => {
    const { personId, accessToken } = await signIn();
    await as(await forged({}, personId)).customers.me();
    const wrong = [
      await forged({ aud: "zhanggui" }, personId),
      await forged({ aud: "zhanggui-device" }, personId),
      await forged({ exp: now() - 1 }, personId),
      await forged({ kid: "unknown" }, personId),
      await forged({ secret: "another secret, which is just as long as ours" }, personId),
      `${btoa('{"alg":"none"}')}.${accessToken.split(".")[1]}.`,
      owner.accessToken,
      "customer_page_nothing",
      "nonsense",
    ];
    for (const token of wrong) expect((await refusal(as(token).customers.me())).status, token.slice(0, 30)).toBe(401);
    // And the other way round: nobody is an account with it.
    for (const token of [accessToken, await forged({ aud: "zhanggui" }, personId)])
      expect((await refusal(as(token).access.me())).status).toBe(401);
  });
});

describe("an operator", () => {
  test("sees who is signed in by what, ends one or all, and the customer is out at once", async () => {
    const phone = newPhone();
    const one = await signIn(phone);
    tea.server.clock.advance(2 * minuteMs);
    const other = await signIn(phone);
    const { items } = await owner.api.customers.list({ personId: one.personId });
    expect(items).toMatchObject([
      { channel: "phone", address: `136****${phone.slice(-4)}`, state: "open", endedBecause: null },
      { state: "open" },
    ]);
    await owner.api.customers.end({ sessionId: items[1]!.id });
    expect(await refusal(one.api.customers.me())).toMatchObject({ status: 401 });
    await other.api.customers.me();
    expect(await owner.api.customers.endAll({ personId: one.personId })).toEqual({ ended: 1 });
    expect(await refusal(other.api.customers.me())).toMatchObject({ status: 401 });
    const reasons = (await owner.api.customers.list({ personId: one.personId })).items.map((each) => each.endedBecause);
    expect(reasons).toEqual(["ended", "ended"]);
    expect((await owner.api.customers.list({ personId: one.personId, state: ["open"] })).items).toEqual([]);
  });

  test("who may only look ends nothing, and who may neither sees nothing", async () => {
    const { personId } = await signIn();
    const looking = await tea.server.asHolderOf(["customers:read"], owner);
    await looking.api.customers.list({});
    expect(await refusal(looking.api.customers.endAll({ personId }))).toMatchObject({ code: "kit.forbidden" });
    const nobody = await tea.server.asHolderOf([], owner);
    expect(await refusal(nobody.api.customers.list({}))).toMatchObject({ code: "kit.forbidden" });
  });

  test("bans a person, who is out and gets no further than the right code, until they are let in again", async () => {
    const phone = newPhone();
    const { api, personId } = await signIn(phone);
    expect(await owner.api.customers.block({ personId, reason: "spam" })).toMatchObject({
      blocked: { reason: "spam" },
    });
    expect(await refusal(api.customers.me())).toMatchObject({ status: 401 });
    tea.server.clock.advance(2 * minuteMs);
    await expect(signIn(phone)).rejects.toMatchObject({ problem: { code: "customers.sign_in_refused", status: 403 } });
    tea.server.clock.advance(2 * minuteMs);
    await owner.api.customers.unblock({ personId });
    expect((await signIn(phone)).personId).toBe(personId);
  });

  test("who bans at the moment of a sign-in leaves nobody in, two hundred times", async () => {
    const phone = newPhone();
    const { personId } = await signIn(phone);
    const { runtime, app, clock } = tea.server;
    const [codes, service] = [app.get(CodesService), app.get(CustomersService)];
    const visitor = runtime.ctx(owner.tenantId);
    const wanted = { purpose: "customers.sign_in", channel: "phone", address: phone } as const;
    const { device, token: deviceToken } = codes.deviceOf(visitor, undefined);
    for (let round = 0; round < 200; round++) {
      await owner.api.customers.unblock({ personId });
      clock.advance(2 * minuteMs);
      await codes.ask(visitor, { ...wanted, language: "zh", network: "", device });
      const code = await codeOf(visitor);
      const given = { ...byPhone(phone), code, deviceToken, keepIn: "reply" as const, cookies: {} };
      const entering = service.signIn(visitor, given).then(
        ({ body }) => body.accessToken,
        () => "",
      );
      const [accessToken] = await Promise.all([entering, owner.api.customers.block({ personId, reason: "now" })]);
      if (accessToken !== "")
        expect((await refusal(as(accessToken).customers.me())).status, `round ${round}`).toBe(401);
      const open = visitor.db.selectFrom("customers_session").select("id").where("personId", "=", personId);
      expect(await open.where("endedAt", "is", null).execute(), `round ${round}`).toEqual([]);
    }
  });

  test("two records that become one: whoever was in as the one that goes is out, and a ban goes with them", async () => {
    // A server whose clock was turned by weeks has said what it listens to long ago.
    await tea.server.runtime.registerSubscriptions();
    const [first, second] = [await signIn(), await signIn()];
    await mergePeople(tea.server, owner.tenantId, first.personId, second.personId);
    // At once, before anybody has worked it off.
    expect(await refusal(second.api.customers.me())).toMatchObject({ status: 401 });
    await tea.server.runUntilIdle();
    expect(await first.api.customers.me()).toMatchObject({ personId: first.personId });
    const third = await signIn();
    await owner.api.customers.block({ personId: third.personId, reason: "spam" });
    await mergePeople(tea.server, owner.tenantId, first.personId, third.personId);
    await tea.server.runUntilIdle();
    expect(await refusal(first.api.customers.me())).toMatchObject({ status: 401 });
    expect(await owner.api.customers.getRight({ personId: third.personId })).toMatchObject({
      blocked: { reason: "spam" },
    });
  });
});

test("sign-ins that are over, and what pages were told, go when their days are over", async () => {
  const business = await tea.server.asOwner();
  await signIn(newPhone(), business);
  tea.server.clock.advance(121 * dayMs);
  const { personId } = await signIn(newPhone(), business);
  await tea.server.runtime.runSchedule("settings.prune");
  expect((await business.api.customers.list({})).items.map(({ person }) => person.id)).toEqual([personId]);
  const notices = tea.server.runtime.ctx(business.tenantId).db.selectFrom("customers_notice").select("personId");
  expect(await notices.execute()).toEqual([{ personId }]);
});

test("who says no business comes to the one that runs the server, also when others are opened", async () => {
  const server = await openTestServer(inject("clusterUrl"), { env: { SMS_URL: tea.emulator.smsUrl } });
  const { tenantId } = await server.asPlatformOwner();
  await server.asOwner();
  expect(await server.anonymous().customers.about()).toEqual({
    tenantId,
    businessName: "Lantern Tea",
    channels: ["phone"],
    wechat: [],
  });
  await server.close();
});
