import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { createLog } from "@zhanggui/kit/server/log";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { codeIn } from "../../testing/customers.ts";
import { tenantTables } from "../../testing/every-route.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, testSecrets, type Member, type TestServer } from "../../testing/test-server.ts";
import { SettingsService } from "../settings/settings.service.ts";
import { CodesService } from "./codes.service.ts";
import { perBusinessHour } from "./codes.settings.ts";

const secondMs = 1000;
const minuteMs = 60_000;
const hourMs = 3_600_000;
const clock = new TurnableClock();
const lines: string[] = [];
let server: TestServer;
let emulator: Emulator;
let owner: Member;
let made = 0;

beforeAll(async () => {
  emulator = await startEmulator({ clock });
  server = await openTestServer(inject("clusterUrl"), {
    clock,
    log: createLog("trace", { write: (line) => lines.push(line) }),
    env: { SMS_URL: emulator.smsUrl, SMTP_URL: emulator.smtpUrl },
  });
});
afterAll(async () => {
  await server.close();
  await emulator.stop();
});
beforeEach(async () => {
  owner = await server.asOwner();
});

/** A number that nobody has asked for. */
const newPhone = (): string => `139${String(10_000_000 + made++)}`;
const wanted = (address: string, channel: "phone" | "mail" = "phone") => ({ purpose: "pick_up", channel, address });
const ask = (address: string, more: object = {}) => owner.api.codes.ask({ ...wanted(address), ...more });
const verify = (address: string, code: string) => owner.api.codes.verify({ ...wanted(address), code });
const outcome = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "right",
    async () => (await refusal(call)).code,
  );

/** Asks, and reads what arrived. */
async function codeFor(address: string, more: object = {}): Promise<string> {
  await ask(address, more);
  await server.runUntilIdle();
  return codeIn(emulator.world, address);
}
const other = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

describe("a code", () => {
  test("arrives by text message or by mail, in the language of whoever asks, and is right once", async () => {
    const phone = newPhone();
    const code = await codeFor(phone);
    expect(emulator.world.texts().at(-1)?.text).toMatch(/^【Lantern Tea】验证码 \d{6}，5 分钟内有效/);
    await verify(phone, code);
    expect(await refusal(verify(phone, code))).toMatchObject({ code: "codes.expired", errno: 2302, status: 422 });

    const mail = "xiaoman@lantern-tea.example";
    await owner.api.codes.ask({ ...wanted(mail, "mail"), language: "en" });
    await server.runUntilIdle();
    expect(emulator.world.mails().at(-1)?.subject).toBe("Your code for Lantern Tea");
    await owner.api.codes.verify({
      ...wanted(" XiaoMan@Lantern-Tea.example", "mail"),
      code: codeIn(emulator.world, mail),
    });
  });

  test("of two who enter it at the same time, one is let in: four hundred times", async () => {
    const codes = server.app.get(CodesService);
    const ctx = server.runtime.ctx(owner.tenantId);
    await owner.api.settings.change({ key: "codes.perBusinessHour", value: 10_000, version: 0 });
    for (let round = 0; round < 400; round++) {
      const address = newPhone();
      const asked = { ...wanted(address), language: "zh" as const, network: "", device: undefined };
      await codes.ask(ctx, asked);
      const row = await ctx.db
        .selectFrom("codes_code")
        .select(["id", "messageSealed"])
        .orderBy("id", "desc")
        .limit(1)
        .executeTakeFirstOrThrow();
      const opened = server.runtime.secrets.open(row.messageSealed ?? "", `codes_code:${row.id}`);
      const { code } = JSON.parse(opened) as { code: string };
      const both = [0, 1].map(() =>
        codes.verify(ctx, { ...wanted(address), code }).then(
          () => true,
          () => false,
        ),
      );
      const right = (await Promise.all(both)).filter(Boolean);
      expect(right, `round ${round}`).toEqual([true]);
    }
  });

  test("is dead after five wrong tries, the right one with it, and however many try at once", async () => {
    const phone = newPhone();
    const code = await codeFor(phone);
    const tries = await Promise.all(Array.from({ length: 40 }, () => outcome(verify(phone, other(code)))));
    expect(tries.filter((each) => each === "codes.wrong")).toHaveLength(5);
    expect(tries.filter((each) => each === "codes.expired")).toHaveLength(35);
    expect(await outcome(verify(phone, code))).toBe("codes.expired");
    const [row] = (await owner.api.codes.list({})).items;
    expect(row).toMatchObject({ state: "guessed", tries: 5 });
  });

  test("is good until its minutes are over: a second before, not a second after", async () => {
    const [early, late] = [newPhone(), newPhone()];
    const [first, second] = [await codeFor(early), await codeFor(late)];
    clock.advance(4 * minuteMs + 58 * secondMs);
    expect(await outcome(verify(early, first))).toBe("right");
    clock.advance(3 * secondMs);
    expect(await refusal(verify(late, second))).toMatchObject({ code: "codes.expired", errno: 2302 });
    const { items } = await owner.api.codes.list({ state: ["expired"] });
    expect(items.map(({ address }) => address)).toEqual([`${late.slice(0, 3)}****${late.slice(-4)}`]);
  });

  test("is cancelled by the next one, whose own it isn't", async () => {
    const phone = newPhone();
    const first = await codeFor(phone);
    clock.advance(61 * secondMs);
    const second = await codeFor(phone);
    if (first !== second) expect(await outcome(verify(phone, first))).toBe("codes.wrong");
    expect(await outcome(verify(phone, second))).toBe("right");
    const states = (await owner.api.codes.list({})).items.map(({ state }) => state);
    expect(states).toEqual(["used", "replaced"]);
  });

  test("for one thing, one address or one business opens nothing else", async () => {
    const phone = newPhone();
    const code = await codeFor(phone);
    expect(await refusal(verify(newPhone(), code))).toMatchObject({ code: "codes.wrong", errno: 2301 });
    expect(await outcome(owner.api.codes.verify({ ...wanted(phone), purpose: "other", code }))).toBe("codes.wrong");
    const stranger = await server.asOwner();
    expect(await outcome(stranger.api.codes.verify({ ...wanted(phone), code }))).toBe("codes.wrong");
    // One that a program asked for is none of those that customers sign in by.
    const sent = {
      tenantId: owner.tenantId,
      channel: "phone" as const,
      address: phone,
      code,
      deviceToken: "none",
      headers: {},
    };
    expect(await outcome(server.anonymous().customers.signIn(sent))).toBe("codes.wrong");
    expect(await outcome(verify(phone, code))).toBe("right");
  });

  test.each(["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12 34 56 ", "0".repeat(20)])(
    "that was typed as “%s” is only wrong",
    async (typed) => {
      const phone = newPhone();
      const code = await codeFor(phone);
      if (code !== typed.replaceAll(" ", "")) expect(await outcome(verify(phone, typed))).toBe("codes.wrong");
    },
  );

  test("may have spaces in it, and so may the number that it went to", async () => {
    const phone = newPhone();
    const code = await codeFor(phone);
    const typed = `+86 ${phone.slice(0, 3)}-${phone.slice(3, 7)} ${phone.slice(7)}`;
    expect(await outcome(verify(typed, `${code.slice(0, 3)} ${code.slice(3)}`))).toBe("right");
  });

  test.each([
    ["phone", "1380000"],
    ["phone", "not a number"],
    ["phone", "+0123456789"],
    ["mail", "nobody"],
    ["mail", "a@b"],
  ] as const)("isn't sent by %s to “%s”, and the field says so", async (channel, address) => {
    const refused = await refusal(owner.api.codes.ask({ purpose: "pick_up", channel, address }));
    expect(refused).toMatchObject({ code: "kit.invalid_input", errors: [{ field: "address" }] });
  });
});

describe("asking again and again", () => {
  const tooOften = { code: "codes.asked_too_often", errno: 2304, status: 429 };

  test("by whoever has many networks and numbers costs a business no more than it has said", async () => {
    await owner.api.settings.change({ key: "codes.perBusinessHour", value: 12, version: 0 });
    const codes = server.app.get(CodesService);
    const ctx = server.runtime.ctx(owner.tenantId);
    await expect.poll(() => server.app.get(SettingsService).get(ctx, perBusinessHour)).toBe(12);
    const askFrom = (n: number) =>
      codes.ask(ctx, {
        ...wanted(newPhone()),
        language: "zh" as const,
        network: `2001:db8:0:${n.toString(16)}::/64`,
        device: undefined,
      });
    for (let n = 0; n < 12; n++) await askFrom(n);
    await expect(askFrom(12)).rejects.toMatchObject({ code: tooOften.code });
    clock.advance(2 * hourMs);
    await askFrom(13);
  });

  test("for one address is refused within a minute, after five in an hour and ten in a day", async () => {
    const phone = newPhone();
    await ask(phone);
    clock.advance(59 * secondMs);
    expect(await refusal(ask(phone))).toMatchObject({ ...tooOften, details: { seconds: 1 } });
    clock.advance(2 * secondMs);
    for (let n = 1; n < 5; n++) {
      await ask(phone);
      clock.advance(61 * secondMs);
    }
    expect(await refusal(ask(phone))).toMatchObject(tooOften);
    clock.advance(hourMs);
    for (let n = 5; n < 10; n++) {
      await ask(phone);
      clock.advance(61 * secondMs);
    }
    clock.advance(2 * hourMs);
    const refused = await refusal(ask(phone));
    expect(refused).toMatchObject(tooOften);
    expect(refused.detail).toMatch(/in \d+ hours/);
    await ask(newPhone());
    clock.advance(24 * hourMs);
    await ask(phone);
  });

  test("from one network is refused after thirty in an hour, from its IPv6 /64 as from one address", async () => {
    for (let n = 0; n < 30; n++) await ask(newPhone(), { clientAddress: `2001:db8:0:7::${n + 1}` });
    expect(await refusal(ask(newPhone(), { clientAddress: "2001:db8:0:7:ffff::1" }))).toMatchObject(tooOften);
    await ask(newPhone(), { clientAddress: "2001:db8:0:8::1" });
    clock.advance(hourMs + secondMs);
    await ask(newPhone(), { clientAddress: "2001:db8:0:7::1" });
  });

  test("from one device is refused after ten in an hour, over whatever networks", async () => {
    for (let n = 0; n < 10; n++) await ask(newPhone(), { device: "phone of Lin", clientAddress: `198.51.100.${n}` });
    expect(await refusal(ask(newPhone(), { device: "phone of Lin" }))).toMatchObject(tooOften);
    await ask(newPhone(), { device: "another phone" });
  });

  test("a hundred at once get one through", async () => {
    const phone = newPhone();
    const all = await Promise.all(Array.from({ length: 100 }, () => outcome(ask(phone))));
    expect(all.filter((each) => each === "right")).toHaveLength(1);
    expect(all.filter((each) => each === "codes.asked_too_often")).toHaveLength(99);
  });

  test("of one business doesn't count for another, and as often as its settings say", async () => {
    const phone = newPhone();
    await ask(phone);
    const stranger = await server.asOwner();
    await stranger.api.codes.ask(wanted(phone));
    await stranger.api.settings.change({ key: "codes.perDeviceHour", value: 1, version: 0 });
    await stranger.api.codes.ask({ ...wanted(newPhone()), device: "one" });
    expect(await refusal(stranger.api.codes.ask({ ...wanted(newPhone()), device: "one" }))).toMatchObject(tooOften);
  });
});

describe("what lies about", () => {
  /** Every row of every table with a tenant, as text. */
  async function everything(): Promise<string> {
    const db = server.runtime.unscopedDb();
    const texts = await Promise.all(
      [...(await tenantTables(server)), "codes_proof"].map(async (table) => {
        const { rows } = await sql<{ row: string }>`SELECT row::text AS row FROM ${sql.table(table)} AS row`.execute(
          db,
        );
        return rows.map(({ row }) => row).join("\n");
      }),
    );
    return texts.join("\n");
  }

  test("holds neither the code nor the address, before it is sent, after it, or when it can't be", async () => {
    const phone = newPhone();
    await ask(phone);
    const before = await everything();
    await server.runUntilIdle();
    const code = codeIn(emulator.world, phone);
    const whole = new RegExp(String.raw`(?<![\w.-])(?:${code}|${phone})(?![\w.-])`);
    expect(before).not.toMatch(whole);
    await verify(phone, code);
    expect(await everything()).not.toMatch(whole);
    expect(lines.join("\n")).not.toMatch(whole);
    const file = await owner.api.codes.list.file({}, "csv");
    expect(await new Response(file.stream).text()).not.toMatch(whole);
    expect(JSON.stringify(await owner.api.audit.list({}))).not.toMatch(whole);
  });

  test("tells why a code couldn't be sent, tries again in between, and dead letters have nothing of it", async () => {
    const broken = await openTestServer(inject("clusterUrl"), { env: { SMS_URL: "http://127.0.0.1:9/sms" } });
    const boss = await broken.asOwner();
    const phone = newPhone();
    await boss.api.codes.ask(wanted(phone));
    for (let n = 0; n < 6; n++) {
      await broken.runUntilIdle();
      broken.clock.advance(25 * secondMs);
    }
    const [row] = (await boss.api.codes.list({})).items;
    expect(row).toMatchObject({ state: "failed", failure: expect.stringMatching(/\w/) as string });
    expect((await boss.api.events.deadLetters({})).items).toEqual([]);
    const left = broken.runtime.unscopedDb().selectFrom("codes_code").select("messageSealed");
    expect(await left.execute()).toEqual([{ messageSealed: null }]);
    await broken.close();
  });

  test("is forgotten when its days are over", async () => {
    await ask(newPhone());
    clock.advance(91 * 24 * hourMs);
    await ask(newPhone());
    await server.runtime.runSchedule("settings.prune");
    expect((await owner.api.codes.list({})).items).toHaveLength(1);
  });
});

test("codes are found by the whole number or address, however it is typed, and by no part of one", async () => {
  const [phone, mail] = [newPhone(), `found-${made++}@lantern-tea.example`];
  await ask(phone);
  await ask(newPhone());
  await ask(mail, { channel: "mail" });
  const found = async (search: string) => (await owner.api.codes.list({ search })).items.map(({ address }) => address);
  const whole = await found(phone);
  expect(whole).toHaveLength(1);
  expect(whole[0]).toMatch(new RegExp(`${phone.slice(-4)}$`));
  expect(await found(`+86 ${phone.slice(0, 3)}-${phone.slice(3)}`)).toEqual(whole);
  expect(await found(mail.toUpperCase())).toEqual(["f***@lantern-tea.example"]);
  expect(await found(phone.slice(-4))).toEqual([]);
  expect(await found("139")).toEqual([]);
});

test("a code outlives a change of keys, and so does the count of its address", async () => {
  const [old, next] = [3, 4].map((byte) => Buffer.alloc(32, byte).toString("base64"));
  const env = { SMS_URL: emulator.smsUrl, SECRET_KEY: old! };
  const before = await openTestServer(inject("clusterUrl"), { clock, env });
  const boss = await before.asOwner();
  const phone = newPhone();
  await boss.api.codes.ask(wanted(phone));
  await before.runUntilIdle();
  const code = codeIn(emulator.world, phone);
  const { SECRET_KEY: _, ...rest } = testSecrets;
  const ring = { ...rest, SMS_URL: emulator.smsUrl, SECRET_KEY: "", SECRET_KEYS: `${next},${old}` };
  const { databaseUrl } = before;
  const after = await openTestServer(inject("clusterUrl"), { clock, env: ring, databaseUrl });
  const api = after.anonymous({ authorization: `Bearer ${boss.accessToken}` });
  expect(await refusal(api.codes.ask(wanted(phone)))).toMatchObject({ code: "codes.asked_too_often" });
  await api.codes.verify({ ...wanted(phone), code });
  await after.close();
  await before.close();
});

test("where nobody brings them, no code is asked for", async () => {
  const bare = await openTestServer(inject("clusterUrl"));
  const boss = await bare.asOwner();
  expect(await refusal(boss.api.codes.ask(wanted(newPhone())))).toMatchObject({ code: "codes.channel_off" });
  const { channels } = await bare.anonymous().customers.about({ tenantId: boss.tenantId });
  expect(channels).toEqual([]);
  await bare.close();
});

test("figures tell how many were asked for, sent, used and refused today, and how many ran out", async () => {
  const phone = newPhone();
  const code = await codeFor(phone);
  await codeFor(newPhone());
  await verify(phone, code);
  for (let n = 0; n < 3; n++) expect(await refusal(ask(phone))).toMatchObject({ code: "codes.asked_too_often" });
  const today = async () => {
    const figures = Object.entries(await owner.api.codes.getFigures());
    return Object.fromEntries(figures.map(([name, { days }]) => [name, days.at(-1)?.count]));
  };
  expect(await today()).toEqual({ asked: 2, sent: 2, used: 1, expired: 0, refused: 3 });
  clock.advance(6 * minuteMs);
  expect(await today()).toMatchObject({ sent: 2, used: 1, expired: 1 });
  for (const [state, many] of [
    ["used", 1],
    ["expired", 1],
    ["sent", 0],
  ] as const)
    expect((await owner.api.codes.list({ state: [state] })).items, state).toHaveLength(many);
});

test("a program that says which device asked has each one's tries counted apart", async () => {
  const phone = newPhone();
  await ask(phone, { device: "phone of Lin" });
  await server.runUntilIdle();
  const code = codeIn(emulator.world, phone);
  const enter = (typed: string, device: string) => owner.api.codes.verify({ ...wanted(phone), code: typed, device });
  for (let n = 0; n < 6; n++) expect(await outcome(enter(other(code), "somebody's"))).toBe("codes.wrong");
  await enter(code, "phone of Lin");
});
