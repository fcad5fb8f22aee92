import { randomBytes } from "node:crypto";
import { encrypt, getSignature } from "@wecom/crypto";
import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { createLog } from "@zhanggui/kit/server/log";
import { openTestServer, type Member, type TestServer } from "@zhanggui/server/testing/test-server";
import { bindLanternTea, type Bound } from "@zhanggui/server/testing/lantern-tea";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";

/*
 * WeChat sends a push up to three times, and anybody may send anything to the callback: one message has one effect,
 * and what isn't WeChat's has none.
 */
const modes = ["plain", "compatible", "safe"] as const;
const formats = ["xml", "json"] as const;
type Mode = (typeof modes)[number];
type Format = (typeof formats)[number];
interface Shop {
  readonly owner: Member;
  readonly bound: Bound;
  readonly mode: Mode;
  readonly format: Format;
}

let emulator: Emulator;
let server: TestServer;
let database: pg.Client;
let tenantTables: string[];
let shops: Shop[];
const lines: Record<string, unknown>[] = [];

beforeAll(async () => {
  const clock = new TurnableClock();
  emulator = await startEmulator({ clock, seed: 20 });
  server = await openTestServer(inject("clusterUrl"), {
    clock,
    work: true,
    log: createLog("info", { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) }),
    env: { WECHAT_API_URL: emulator.url, WECHAT_MP_URL: emulator.url, SMTP_URL: emulator.smtpUrl },
  });
  database = new pg.Client({ connectionString: server.databaseUrl });
  await database.connect();
  const columns = await database.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'tenant_id'",
  );
  // The clock alone seals what is in the audit log, whenever it likes.
  const sealing = new Set(["kit_audit_seal", "kit_audit_unsealed"]);
  tenantTables = columns.rows.map(({ name }) => name).filter((name) => !sealing.has(name));
  shops = [];
  for (const mode of modes) for (const format of formats) shops.push(await openShop(mode, format));
});

afterAll(async () => {
  await database.end();
  await server.close();
  await emulator.stop();
});

/** A tenant with its own account: what happens to one is told apart from the others. */
async function openShop(mode: Mode, format: Format): Promise<Shop> {
  const owner = await server.asOwner();
  return { owner, bound: await bindLanternTea(owner, emulator.world, server.url, { mode, format }), mode, format };
}

/** Waits until the server has nothing left to do, and WeChat neither: its notice of a template message is a push, too. */
async function settle(): Promise<void> {
  const left = `SELECT count(*)::int AS left FROM kit_task WHERE queue <> 'kit.schedules'`;
  for (let pass = 1; pass <= 2; pass += 1) {
    await expect.poll(async () => (await database.query(left)).rows).toEqual([{ left: 0 }]);
    await emulator.world.settle();
  }
}

/** How many rows each table holds for the tenant. */
async function rowCounts(tenantId: string): Promise<Record<string, number>> {
  const parts = tenantTables.map((name) => `SELECT '${name}' AS name, count(*)::int FROM ${name} WHERE tenant_id = $1`);
  const { rows } = await database.query<{ name: string; count: number }>(parts.join(" UNION ALL "), [tenantId]);
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}

async function countAll(): Promise<Record<string, number>[]> {
  return Promise.all(shops.map(({ owner }) => rowCounts(owner.tenantId)));
}

function grownBy(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]));
}

interface Attempt {
  readonly query: Record<string, string>;
  readonly body: string;
  /** Default: the account's own callback. */
  readonly url?: string;
}

/** What may be untrue about a push that is otherwise as WeChat sends it. */
interface Lies {
  readonly token?: string;
  readonly encodingAesKey?: string;
  readonly appid?: string;
  readonly ageSeconds?: number;
  readonly signature?: string;
  readonly mode?: Mode;
  /** Fields beside the sealed ones, as compatible mode has them. */
  readonly beside?: Record<string, string>;
}

/** A push as WeChat's pages describe it, written with the independent package. */
function pushOf({ bound, format, ...shop }: Shop, message: string, lies: Lies = {}): Attempt {
  const token = lies.token ?? bound.pushToken;
  const timestamp = String(Math.floor(server.clock.now().getTime() / 1000) - (lies.ageSeconds ?? 0));
  const nonce = randomBytes(5).toString("hex");
  const query = { timestamp, nonce, signature: lies.signature ?? getSignature(token, timestamp, nonce, "") };
  if ((lies.mode ?? shop.mode) === "plain") return { query, body: message };
  const sealed = encrypt(lies.encodingAesKey ?? bound.encodingAesKey, message, lies.appid ?? bound.appid);
  const msg_signature = lies.signature ?? getSignature(token, timestamp, nonce, sealed);
  const body = written(format, { ...lies.beside, Encrypt: sealed });
  return { query: { ...query, encrypt_type: "aes", msg_signature }, body };
}

function written(format: Format, fields: Record<string, string>): string {
  if (format === "json") return JSON.stringify(fields);
  return `<xml>${Object.entries(fields)
    .map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`)
    .join("")}</xml>`;
}

let number = 0;
function textMessage(shop: Shop, changes: Record<string, string> = {}): Record<string, string> {
  number += 1;
  return {
    ToUserName: emulator.world.account(shop.bound.appid).originalId,
    FromUserName: "oSomebodyElsesOpenid00000001",
    CreateTime: String(Math.floor(server.clock.now().getTime() / 1000)),
    MsgType: "text",
    Content: "菜单",
    MsgId: String(9_000_000_000_000_000n + BigInt(number)),
    ...changes,
  };
}

function send({ bound, format }: Shop, attempt: Attempt): Promise<{ status: number | null; body: string }> {
  return emulator.world.sendRaw({
    appid: bound.appid,
    contentType: format === "xml" ? "text/xml" : "application/json",
    ...attempt,
  });
}

/**
 * One text for everything that any tenant has, but for what the clock alone sets off, and how many pushes an app's
 * callback refused of late, which its diagnosis tells.
 */
async function everything(): Promise<string> {
  const ofClock = new Map([
    ["connect_push_refusal", "false"],
    ["kit_schedule", "false"],
    ["kit_task", "queue <> 'kit.schedules'"],
  ]);
  const parts = tenantTables.map(
    (name) => `SELECT '${name}' AS name, md5(string_agg(t::text, '|' ORDER BY t::text)) AS sum FROM ${name} t
       WHERE ${ofClock.get(name) ?? "true"}`,
  );
  const { rows } = await database.query<{ name: string; sum: string }>(`${parts.join(" UNION ALL ")} ORDER BY name`);
  return rows.map(({ name, sum }) => `${name} ${sum}`).join("\n");
}

type Case = [name: string, reason: string, make: (shop: Shop) => Attempt, only?: (shop: Shop) => boolean];
const isSealed = ({ mode }: { mode: Mode }): boolean => mode !== "plain";
const isXml = ({ format }: { format: Format }): boolean => format === "xml";
const text = (shop: Shop, changes?: Record<string, string>): string => written(shop.format, textMessage(shop, changes));
const bomb = '<!DOCTYPE xml [<!ENTITY tea SYSTEM "file:///etc/hostname">]><xml><Content>&tea;</Content></xml>';
const undeclared = "<xml><MsgType>text</MsgType><Content>&tea;</Content></xml>";

const refused: Case[] = [
  ["a forged signature", "signature", (shop) => pushOf(shop, text(shop), { signature: "0".repeat(40) })],
  ["another token's signature", "signature", (shop) => pushOf(shop, text(shop), { token: "somebodyelse" })],
  ["an hour-old timestamp", "stale", (shop) => pushOf(shop, text(shop), { ageSeconds: 3600 })],
  ["a timestamp of tomorrow", "stale", (shop) => pushOf(shop, text(shop), { ageSeconds: -86_400 })],
  ["a message to another app", "wrong_app", (s) => pushOf(s, text(s), { appid: "wx00000000000000ff" }), isSealed],
  [
    "a message sealed with another key",
    "undecryptable",
    (shop) => pushOf(shop, text(shop), { encodingAesKey: "a".repeat(43) }),
    isSealed,
  ],
  ["an open message", "wrong_mode", (shop) => pushOf(shop, text(shop), { mode: "plain" }), isSealed],
  ["a sealed message", "wrong_mode", (shop) => pushOf(shop, text(shop), { mode: "safe" }), (shop) => !isSealed(shop)],
  ["a message cut off", "malformed", (shop) => pushOf(shop, text(shop).slice(0, -9))],
  ["a message that is neither XML nor JSON", "malformed", (shop) => pushOf(shop, "MsgType=text")],
  ["a body that is cut off", "malformed", (shop) => ({ ...pushOf(shop, text(shop)), body: "<xml><Encrypt>" })],
  ["a document type", "entities", (shop) => pushOf(shop, bomb), isXml],
  ["an entity of its own", "entities", (shop) => pushOf(shop, undeclared), isXml],
  ["a document type outside", "entities", (shop) => ({ ...pushOf(shop, text(shop)), body: bomb }), isXml],
  ["a message without a sender", "missing_field", (shop) => pushOf(shop, text(shop, { FromUserName: "" }))],
  ["300 kB of text", "too_large", (shop) => pushOf(shop, text(shop, { Content: "茶".repeat(100_000) }))],
  ["no signature at all", "missing_field", (shop) => ({ ...pushOf(shop, text(shop)), query: {} })],
];

describe.each(modes.flatMap((mode) => formats.map((format) => ({ mode, format }))))(
  "what isn't WeChat's, $mode mode, $format",
  (kind) => {
    let shop: Shop;
    let before: string;

    beforeEach(async () => {
      const found = shops.find(({ mode, format }) => mode === kind.mode && format === kind.format);
      if (found === undefined) throw new Error("this shop was not opened");
      shop = found;
      before = await everything();
      lines.length = 0;
    });

    const fitting = refused.filter(([, , , only]) => only?.(kind as Shop) ?? true);
    test.each(fitting)("%s is refused as %s: nothing is stored, the log says why", async (_name, reason, make) => {
      const { status, body } = await send(shop, make(shop));
      expect({ status, code: (JSON.parse(body) as { code: string }).code }).toEqual({
        status: 403,
        code: "connect.push_refused",
      });
      // The reason is for the log alone.
      expect(body).not.toContain(reason);
      const warning = { message: "a push was refused", reason, wechatAppId: shop.bound.wechatAppId };
      expect(lines.filter(({ level }) => Number(level) >= 40)).toEqual([expect.objectContaining(warning)]);
      expect(await everything()).toBe(before);
    });

    test("a megabyte is refused before it is read", async () => {
      const { status, body } = await send(shop, pushOf(shop, text(shop, { Content: "x".repeat(1_000_000) })));
      expect({ status, code: (JSON.parse(body) as { code: string }).code }).toEqual({
        status: 413,
        code: "kit.too_large",
      });
      await expect
        .poll(() => lines)
        .toContainEqual(expect.objectContaining({ message: "request", code: "kit.too_large" }));
      expect(await everything()).toBe(before);
    });

    test("a true push to another tenant's callback is refused there", async () => {
      const other = shops.find((one) => one !== shop && one.mode === shop.mode);
      const url = emulator.world.account(other?.bound.appid ?? "").push?.url ?? "";
      expect(await send(shop, { ...pushOf(shop, text(shop)), url })).toMatchObject({ status: 403 });
      const warning = { reason: "signature", wechatAppId: other?.bound.wechatAppId };
      expect(lines).toContainEqual(expect.objectContaining(warning));
      expect(await everything()).toBe(before);
    });

    test("an unknown type is kept once, with a line in the log, and has no effect", async () => {
      const counts = await rowCounts(shop.owner.tenantId);
      const attempt = pushOf(shop, text(shop, { MsgType: "tea_leaves" }));
      for (let time = 1; time <= 3; time += 1) {
        expect(await send(shop, attempt)).toMatchObject({ status: 200, body: "success" });
      }
      await settle();
      const grown = Object.entries(grownBy(counts, await rowCounts(shop.owner.tenantId))).filter(([, n]) => n !== 0);
      expect(grown).toEqual([["connect_inbound", 1]]);
      const warning = { message: expect.stringContaining("unknown kind of push"), kind: "unknown:tea_leaves" };
      expect(lines.filter(({ level }) => Number(level) >= 40)).toEqual([expect.objectContaining(warning)]);
      // Its name is cut, in the middle of a character: what can't be stored would break what comes with it.
      const long = pushOf(shop, text(shop, { MsgType: `${"x".repeat(71)}🍵` }));
      expect(await send(shop, long)).toMatchObject({ status: 200, body: "success" });
    });
  },
);

test("an app that is not bound, or disabled, takes no pushes", async () => {
  const shop = await openShop("safe", "xml");
  const { wechatAppId, appid } = shop.bound;
  const url = (id: string): string => `${server.url}/api/wechat/callback/${id}`;
  await shop.owner.api.connect.updateApp({ wechatAppId, enabled: false });
  const before = await everything();
  const unbound = "01900000-0000-7000-8000-000000000000";
  const logged = [
    [wechatAppId, { message: "a push was refused", reason: "disabled" }],
    [unbound, { message: "a push to an app that is not bound" }],
  ] as const;
  for (const [id, line] of logged) {
    expect(await send(shop, { ...pushOf(shop, text(shop)), url: url(id) })).toMatchObject({ status: 403 });
    expect(lines).toContainEqual(expect.objectContaining({ ...line, wechatAppId: id }));
  }
  expect(await everything()).toBe(before);
  expect(emulator.world.account(appid).push?.url).toBe(url(wechatAppId));
});

test("compatible mode: what stands beside the sealed message counts for nothing", async () => {
  const shop = await openShop("compatible", "xml");
  const message = textMessage(shop, { Content: "几点关门？" });
  const lie = { ...message, Content: "菜单", FromUserName: "oTheLiar", MsgId: "1" };
  const attempt = pushOf(shop, written("xml", message), { beside: lie });
  expect(await send(shop, attempt)).toMatchObject({ status: 200, body: "success" });
  await settle();
  const { items } = await shop.owner.api.connect.listInbound({});
  expect(items).toMatchObject([{ openid: message["FromUserName"], content: { Content: "几点关门？" } }]);
});

describe("one push delivered three times", () => {
  const rounds = 200;
  const asked = ["今天的菜单是什么", "几点关门？"] as const;

  /** Somebody scans the poster's code and writes: twice, once for a keyword and once for nothing in particular. */
  async function visit({ bound }: Shop): Promise<string> {
    const { id: puppetId } = emulator.world.createPuppet();
    const { appid } = bound;
    const reports = [await emulator.world.scan(puppetId, { code: bound.channel.ticket })];
    for (const text of asked) reports.push(await emulator.world.say(puppetId, { appid, text }));
    expect(reports.map(({ outcome }) => outcome)).toEqual(["answered", "answered", "silent"]);
    for (const report of reports) {
      for (const copy of report.copies) {
        expect({ outcome: copy.outcome, reply: copy.reply }).toEqual({ outcome: report.outcome, reply: report.reply });
      }
    }
    return emulator.world.chat(puppetId, appid).openid;
  }

  /** What one person left behind, by name. */
  async function effectsOf({ owner, bound }: Shop, openid: string): Promise<unknown> {
    const { items } = await owner.api.connect.listInbound({ openid, limit: 100 });
    const { rows: events } = await database.query<{ name: string }>(
      "SELECT name FROM kit_event WHERE tenant_id = $1 AND payload->>'openid' = $2 ORDER BY name",
      [owner.tenantId, openid],
    );
    const { rows: deliveries } = await database.query<{ channel: string; state: string }>(
      `SELECT d.channel, d.state FROM messaging_delivery d JOIN audience_identity i
         ON i.tenant_id = d.tenant_id AND i.person_id = d.person_id AND i.kind = 'openid' AND i.value = $2
       WHERE d.tenant_id = $1 ORDER BY d.channel`,
      [owner.tenantId, openid],
    );
    const puppetId = emulator.world.state.bondByOpenid(bound.appid, openid)?.puppetId ?? "";
    return {
      inbound: items.map(({ kind, repeats }) => ({ kind, repeats })).sort((a, b) => a.kind.localeCompare(b.kind)),
      events: events.map(({ name }) => name),
      deliveries,
      chat: emulator.world.chat(puppetId, bound.appid).chat.map(({ from, content }) => `${from} ${content.kind}`),
    };
  }

  function expectedEffects(repeats: number): unknown {
    const kinds = ["event:subscribe", "event:TEMPLATESENDJOBFINISH", "text", "text"];
    return {
      inbound: kinds.map((kind) => ({ kind, repeats })),
      events: [
        "audience.channel_entered.v1",
        "audience.customer_heard.v1",
        "audience.person_followed.v1",
        ...Array.from({ length: 3 }, () => "connect.message_received.v1"),
        "connect.template_finished.v1",
      ],
      deliveries: [
        { channel: "mail", state: "accepted" },
        { channel: "wechat_template", state: "delivered" },
      ],
      chat: expect.arrayContaining(["account template", "account text", "puppet text", "system note"]) as unknown,
    };
  }

  test(`${rounds} rounds, in parallel and in sequence: the effects of one`, async () => {
    const before = await countAll();
    const undisturbed = await Promise.all(shops.map(visit));
    await settle();
    const middle = await countAll();
    const mailsOfOne = emulator.world.mails().length / shops.length;
    for (const [index, shop] of shops.entries()) {
      expect(await effectsOf(shop, undisturbed[index] ?? "")).toEqual(expectedEffects(0));
    }

    const visits = shops.map((): string[] => []);
    for (let round = 0; round < rounds; round += shops.length) {
      const guests = shops.slice(0, rounds - round);
      const parallel = (round / shops.length) % 2 === 0;
      // Three pushes of the visit, and the notice of the template message, now or in a later round.
      for (const { bound } of guests) {
        emulator.world.addFault({ target: "push", appid: bound.appid, count: 4, repeat: 3, parallel });
      }
      await Promise.all(guests.map(async (shop, index) => visits[index]?.push(await visit(shop))));
    }
    await settle();

    expect(visits.flat()).toHaveLength(rounds);
    expect(emulator.world.faults()).toEqual([]);
    for (const [index, shop] of shops.entries()) {
      const openids = visits[index] ?? [];
      const ofOne = grownBy(before[index] ?? {}, middle[index] ?? {});
      const ofAll = Object.fromEntries(Object.entries(ofOne).map(([table, rows]) => [table, rows * openids.length]));
      // Made by the first visit for all of them.
      const shared = { audience_tag: 0, connect_token: 0, kit_audit_entry: 0 };
      const after = await rowCounts(shop.owner.tenantId);
      // One channel's figures lie in a few rows, so that pushes at once don't wait for each other.
      // Who writes before WeChat has told of them is asked about again, unless that is still to be done.
      const some = expect.any(Number) as number;
      const apart = { connect_channel_count: some, kit_job: some };
      expect(grownBy(middle[index] ?? {}, after)).toEqual({ ...ofAll, ...shared, ...apart });
      for (const openid of openids) expect(await effectsOf(shop, openid)).toEqual(expectedEffects(2));
      expect((await shop.owner.api.audience.listPeople({})).total).toBe(openids.length + 1);
    }
    expect(emulator.world.mails()).toHaveLength(mailsOfOne * (shops.length + rounds));
  });
});
