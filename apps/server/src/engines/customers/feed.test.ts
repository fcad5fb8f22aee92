import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { signInCustomer, type SignedInCustomer } from "../../testing/customers.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { CustomerFeed } from "./feed.ts";

const minuteMs = 60_000;
let tea: TeaShop;
let owner: Member;
let second: TestServer;
let made = 0;

beforeAll(async () => {
  // It works, so that what one process tells the other hears of.
  tea = await openTeaShop(inject("clusterUrl"), { work: true });
  ({ owner } = tea);
  const { clock, databaseUrl } = tea.server;
  const env = { SMS_URL: tea.emulator.smsUrl };
  second = await openTestServer(inject("clusterUrl"), { clock, databaseUrl, env, work: true });
  await owner.api.settings.change({ key: "codes.perNetworkHour", value: 10_000, version: 0 });
  await owner.api.settings.change({ key: "codes.perBusinessHour", value: 10_000, version: 0 });
});
afterAll(async () => {
  await second.close();
  await tea.close();
});

const newPhone = (): string => `135${String(10_000_000 + made++)}`;
const signIn = (address = newPhone(), { tenantId } = owner): Promise<SignedInCustomer> =>
  signInCustomer(tea.server, tea.emulator.world, { tenantId, address });
const tell = (personId: string, kind: string, tenantId = owner.tenantId): Promise<void> =>
  tea.server.runtime.ctx(tenantId).tx((ctx) => tea.server.app.get(CustomerFeed).tell(ctx, personId, kind));

interface Heard {
  readonly kinds: string[];
  readonly ids: string[];
  /** Whether the server has ended it. */
  isOver: boolean;
  leave(): void;
}

/** Follows in the background, at one of the servers. */
function follow({ accessToken }: SignedInCustomer, { at = tea.server, lastEventId = "" } = {}): Heard {
  const leaving = new AbortController();
  const heard: Heard = { kinds: [], ids: [], isOver: false, leave: () => leaving.abort() };
  const api = at.anonymous({ authorization: `Bearer ${accessToken}` });
  const options = { signal: leaving.signal, ...(lastEventId === "" ? {} : { lastEventId }) };
  const listen = async (): Promise<void> => {
    for await (const { data, id = "" } of api.customers.follow({}, options)) {
      heard.kinds.push(data.kind);
      heard.ids.push(id);
    }
  };
  void listen().then(
    () => (heard.isOver = true),
    () => (heard.isOver = true),
  );
  return heard;
}

test("a customer's pages are told what happens to them, at whichever process they listen", async () => {
  const lin = await signIn();
  const [here, there] = [follow(lin), follow(lin, { at: second })];
  await expect.poll(() => [here.kinds, there.kinds]).toEqual([["signed_in"], ["signed_in"]]);
  await tell(lin.personId, "first");
  await tell(lin.personId, "second");
  for (const heard of [here, there]) await expect.poll(() => heard.kinds).toEqual(["signed_in", "first", "second"]);
  here.leave();
  there.leave();
});

test("what happens to another customer, or to one of another business, reaches nobody else", async () => {
  const stranger = await tea.server.asOwner();
  const [lin, wu] = [await signIn(), await signIn()];
  const theirs = await signIn(newPhone(), stranger);
  const all = [lin, wu, theirs].map((each) => follow(each));
  await expect.poll(() => all.map(({ kinds }) => kinds.length)).toEqual([1, 1, 1]);
  await tell(lin.personId, "for Lin");
  await tell(theirs.personId, "for them", stranger.tenantId);
  await tell(wu.personId, "for Wu");
  await expect.poll(() => all.map(({ kinds }) => kinds.slice(1))).toEqual([["for Lin"], ["for Wu"], ["for them"]]);
  // A last event's id of somebody else's opens nothing.
  const peeking = follow(wu, { lastEventId: all[0]!.ids[0]! });
  await tell(wu.personId, "again");
  await expect.poll(() => peeking.kinds.at(-1)).toBe("again");
  expect(peeking.kinds).not.toContain("for Lin");
  for (const each of [...all, peeking]) each.leave();
});

test("who comes back hears what came meanwhile, each once, and with a made-up id the latest", async () => {
  const lin = await signIn();
  const first = follow(lin);
  await expect.poll(() => first.kinds).toHaveLength(1);
  first.leave();
  for (let n = 0; n < 150; n++) await tell(lin.personId, `n${n}`);
  const back = follow(lin, { lastEventId: first.ids[0]! });
  await expect.poll(() => back.kinds).toHaveLength(150);
  expect(back.kinds).toEqual(Array.from({ length: 150 }, (_, n) => `n${n}`));
  expect(back.ids.toSorted()).toEqual(back.ids);
  const lost = follow(lin, { lastEventId: "nonsense" });
  await expect.poll(() => lost.kinds).toHaveLength(20);
  back.leave();
  lost.leave();
});

test("nobody who follows misses one, whoever tells them at once: two hundred, from two processes", async () => {
  const lin = await signIn();
  const heard = follow(lin, { at: second });
  await expect.poll(() => heard.kinds).toHaveLength(1);
  const telling = Array.from({ length: 200 }, (_, n) => {
    const { runtime, app } = n % 2 === 0 ? tea.server : second;
    return runtime.ctx(owner.tenantId).tx((ctx) => app.get(CustomerFeed).tell(ctx, lin.personId, `n${n}`));
  });
  await Promise.all(telling);
  await expect.poll(() => heard.kinds).toHaveLength(201);
  expect(new Set(heard.kinds).size).toBe(201);
  heard.leave();
});

test("a line ends with its session, which an operator ends, and is refused from then on", async () => {
  const lin = await signIn();
  const heard = follow(lin, { at: second });
  await expect.poll(() => heard.kinds).toHaveLength(1);
  await owner.api.customers.endAll({ personId: lin.personId });
  await expect.poll(() => heard.isOver).toBe(true);
  expect(heard.kinds).toEqual(["signed_in"]);
  const again = follow(lin);
  await expect.poll(() => again.isOver).toBe(true);
  expect(await refusal(lin.api.customers.me())).toMatchObject({ status: 401 });
});

test("a customer has six lines at a time; who leaves one has room again", async () => {
  const lin = await signIn();
  const six = Array.from({ length: 6 }, () => follow(lin));
  await expect.poll(() => six.every(({ kinds }) => kinds.length === 1)).toBe(true);
  const ask = async (): Promise<number> => {
    const leaving = new AbortController();
    const { status } = await fetch(`${tea.server.url}/api/customers/me/events`, {
      headers: { authorization: `Bearer ${lin.accessToken}`, accept: "text/event-stream" },
      signal: leaving.signal,
    });
    leaving.abort();
    return status;
  };
  expect(await ask()).toBe(429);
  six[0]!.leave();
  await expect.poll(ask).toBe(200);
  for (const each of six) each.leave();
});

test("who is told of a customer's scan of a channel code is that customer, once they are known by both", async () => {
  const { emulator, bound, server } = tea;
  const puppet = emulator.world.createPuppet();
  await emulator.world.scan(puppet.id, { code: bound.channel.ticket });
  await emulator.world.settle();
  await expect
    .poll(async () => (await owner.api.audience.listPeople({})).items.some(({ following }) => following))
    .toBe(true);
  const person = (await owner.api.audience.listPeople({ following: true })).items[0]!;
  const phone = newPhone();
  await owner.api.audience.updatePerson({ personId: person.id, phone });
  const lin = await signIn(phone);
  expect(lin.personId).toBe(person.id);
  const heard = follow(lin);
  await expect.poll(() => heard.kinds.toSorted()).toEqual(["followed", "scanned", "signed_in"]);
  server.clock.advance(minuteMs);
  heard.leave();
});
