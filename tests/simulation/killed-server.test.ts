import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { createClient } from "@zhanggui/kit/contract/client";
import { cloneOfTemplate, type TestDatabase } from "@zhanggui/kit/testing/database";
import { openDatabase, type Database } from "@zhanggui/kit/server/database";
import { access } from "@zhanggui/server/foundation/access/access.contract";
import { migrationFolders } from "@zhanggui/server/migrations";
import { contracts } from "@zhanggui/server/contracts";
import { testSecrets } from "@zhanggui/server/testing/test-server";
import { bindLanternTea, type Bound } from "@zhanggui/server/testing/lantern-tea";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { freePort } from "../../tools/postgres.ts";
import { patient } from "../setup/patience.ts";
import { type ServerProcess, startServer } from "../setup/server-process.ts";

const rounds = 12;
const messagesPerRound = 24;
/** Each restart happens this much later by the server's clock, so that the leases of the dead are over. */
const laterMs = 120_000;
/** The outbox's loops in one process: no more calls than that are in flight at once. */
const outboxLoops = 8;
/**
 * Pushes are answered long before what follows from them is done: hundreds of sendings wait at the end, and at this
 * speed of WeChat's they take their time.
 */
const backlogMs = patient(150_000);

const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 1e9));
let emulator: Emulator;
let database: TestDatabase;
let db: Database["owner"];
let closeDatabase: () => Promise<void>;
let server: ServerProcess;
let bound: Bound;
let boots = 0;
let port: number;

/** Reproducible: the test prints its seed when it fails. */
function randomNumbers(from: number): () => number {
  let state = from;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

async function boot(): Promise<void> {
  const offsetMs = boots++ * laterMs;
  emulator.world.setClock(offsetMs);
  server = await startServer({
    DATABASE_URL: database.url,
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    WECHAT_API_URL: emulator.url,
    WECHAT_MP_URL: emulator.url,
    SMTP_URL: emulator.smtpUrl,
    CLOCK_OFFSET_MS: String(offsetMs),
  });
}

beforeAll(async () => {
  emulator = await startEmulator({ seed: seed % 1000 });
  database = await cloneOfTemplate(inject("clusterUrl"), migrationFolders());
  const opened = openDatabase(database.url, { max: 4 });
  db = opened.owner;
  closeDatabase = () => opened.close();
  port = await freePort();
  await boot();
  const url = `http://127.0.0.1:${port}`;
  const visitor = createClient({ access }, { baseUrl: url });
  const session = await visitor.access.setup({
    setupToken: testSecrets.SETUP_TOKEN,
    tenantName: "Lantern Tea",
    login: "owner@lantern-tea.example",
    displayName: "Owner",
    password: "correct horse battery",
  });
  const headers = () => ({ authorization: `Bearer ${session.accessToken}` });
  bound = await bindLanternTea({ api: createClient(contracts, { baseUrl: url, headers }) }, emulator.world, url);
});
afterAll(async () => {
  await server?.kill();
  await closeDatabase?.();
  await emulator?.stop();
  await database?.drop();
});

const submitting = async (): Promise<string[]> =>
  (await db.selectFrom("messaging_delivery").select("id").where("state", "=", "submitting").execute()).map(
    ({ id }) => id,
  );

/** How much is still to be done, from the first row to the last. */
async function unfinished(): Promise<number> {
  const counts = await Promise.all([
    db.selectFrom("kit_task").select("ref").where("queue", "!=", "kit.schedules").execute(),
    db.selectFrom("kit_dead").select("ref").execute(),
    db.selectFrom("messaging_delivery").select("id").where("state", "in", ["ready", "submitting"]).execute(),
  ]);
  return counts.reduce((sum, rows) => sum + rows.length, 0);
}

/** Waits until nothing is under way any more, and what is left waits for its time. */
async function nothingIsDue(): Promise<void> {
  const open = async () => {
    const tasks = await db.selectFrom("kit_task").select("key").where("queue", "!=", "kit.schedules").execute();
    return tasks.length;
  };
  const later = async () => {
    const { rows } = await sql<{ n: number }>`
      SELECT count(*)::int AS n FROM kit_task t WHERE queue <> 'kit.schedules' AND CASE
        WHEN key IS NULL THEN due_at IS NOT NULL AND lease IS NULL
        ELSE EXISTS (SELECT FROM kit_lane l WHERE (l.queue, l.tenant_id, l.key) = (t.queue, t.tenant_id, t.key)
          AND l.lease IS NULL AND l.until IS NOT NULL) END`.execute(db);
    return rows[0]?.n ?? 0;
  };
  await expect.poll(async () => (await open()) - (await later()), { timeout: backlogMs }).toBe(0);
}

test(
  `kill -9 at random moments, ${rounds} rounds of ${messagesPerRound} messages (SEED=${seed})`,
  async () => {
    const random = randomNumbers(seed);
    const acknowledged: string[] = [];
    /** What was said last, by openid, of those whose words were acknowledged. */
    const said = new Map<string, string>();
    const inFlight: string[] = [];
    // What an earlier server left may not have been looked at yet.
    const newlySubmitting = async () => (await submitting()).filter((id) => !inFlight.includes(id));
    // Takes its time, as the real one does: then servers die in the middle of sendings.
    emulator.world.addFault({
      target: "api",
      path: "/cgi-bin/message/template/send",
      count: rounds * messagesPerRound,
      perform: true,
      delayMs: 200,
    });
    for (let round = 0; round < rounds; round++) {
      const puppets = Array.from({ length: messagesPerRound }, () => emulator.world.createPuppet());
      const killAfter = Math.floor(random() * messagesPerRound);
      let answered = 0;
      const enough = Promise.withResolvers<void>();
      const pushes = puppets.map(async (puppet) => {
        const report = await emulator.world.scan(puppet.id, { code: bound.channel.ticket });
        if (isTaken(report)) acknowledged.push(puppet.id);
        if (++answered >= killAfter) enough.resolve();
        const text = `${round} ${puppet.id}`;
        if (isTaken(await emulator.world.say(puppet.id, { text }))) said.set(puppet.id, text);
      });
      await enough.promise;
      // Every other time not before something is on its way out, however slow the machine is.
      if (round % 2 === 1) await expect.poll(async () => (await newlySubmitting()).length).toBeGreaterThan(0);
      // A database connection of its own may be gone before.
      if (round % 3 === 0) await endConnections();
      await server.kill();
      await Promise.all(pushes);
      const lost = await newlySubmitting();
      expect(lost.length).toBeLessThanOrEqual(outboxLoops);
      inFlight.push(...lost);
      await boot();
    }
    // What is left is worked off as fast as it can be.
    emulator.world.clearFaults();
    // Second tries wait for their time, by the server's clock: each start turns it.
    for (let turn = 0; turn < 6; turn++) {
      await nothingIsDue();
      if ((await unfinished()) === 0) break;
      await server.stop();
      await boot();
    }
    await expect.poll(unfinished, { timeout: backlogMs }).toBe(0);
    // WeChat's receipts are pushes of their own, which may come in after all else is done.
    await emulator.world.settle();
    await expect.poll(unfinished).toBe(0);

    const openids = new Map(emulator.world.bonds().map((bond) => [bond.puppetId, bond.openid]));
    const people = await db
      .selectFrom("audience_identity")
      .select(["value", "personId"])
      .where("kind", "=", "openid")
      .execute();
    const known = new Map(people.map(({ value, personId }) => [value, personId]));
    await expectHandled(acknowledged.map((id) => known.get(openids.get(id) ?? "") ?? "nobody"));
    await expectConversations(new Map([...said].map(([id, text]) => [openids.get(id) ?? "", text])));
    // Of these messages some must have come through and some must have met a dead server, or this proved nothing.
    expect(acknowledged.length).toBeGreaterThan(rounds);
    expect(people.length).toBe(known.size);

    expect(inFlight.length).toBeGreaterThan(0);
    console.info(
      `killed-server: ${rounds * messagesPerRound} sent, ${acknowledged.length} acknowledged, ${people.length} people, ` +
        `${inFlight.length} sendings in flight at the kills`,
    );
    await expectEffectsAtMostOnce(openids);
    await expectUnknownExplained(inFlight);
  },
  patient(400_000),
);

function isTaken({ outcome }: { readonly outcome: string }): boolean {
  return outcome === "answered" || outcome === "silent";
}

/** As a fail-over ends them, in the middle of pushes and of what is handled. */
async function endConnections(): Promise<void> {
  await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'zhanggui%' AND pid <> pg_backend_pid()`.execute(db);
}

/** Who wrote waits for an answer, and what they said last is known: also of those who were told nothing of it. */
async function expectConversations(said: ReadonlyMap<string, string>): Promise<void> {
  const written = await db.selectFrom("connect_inbound").select(["id", "openid"]).where("kind", "=", "text").execute();
  const talks = await db.selectFrom("connect_conversation").select(["openid", "state", "lastId", "lastText"]).execute();
  expect(said.size).toBeGreaterThan(rounds);
  expect(talks.map(({ lastId }) => lastId).toSorted()).toEqual(written.map(({ id }) => id).toSorted());
  expect(new Set(talks.map(({ state }) => state))).toEqual(new Set(["waiting"]));
  const texts = new Map(talks.map(({ openid, lastText }) => [openid, lastText]));
  expect([...said].filter(([openid, text]) => texts.get(openid) !== text)).toEqual([]);
}

/** Whoever's scan was acknowledged is known, tagged and has both messages, sent or explained. */
async function expectHandled(personIds: readonly string[]): Promise<void> {
  const tagged = await db.selectFrom("audience_person_tag").select("personId").execute();
  const scanned = await db.selectFrom("audience_timeline").select("personId").where("kind", "=", "scanned").execute();
  const deliveries = await db.selectFrom("messaging_delivery").select(["personId", "channel"]).execute();
  const has = (rows: readonly { personId: string }[]) => new Set(rows.map(({ personId }) => personId));
  const effects = {
    tag: has(tagged),
    story: has(scanned),
    template: has(deliveries.filter(({ channel }) => channel === "wechat_template")),
    mail: has(deliveries.filter(({ channel }) => channel === "mail")),
  };
  for (const [effect, who] of Object.entries(effects)) {
    expect(
      personIds.filter((id) => !who.has(id)),
      `acknowledged, but without ${effect}`,
    ).toEqual([]);
  }
}

async function expectEffectsAtMostOnce(openids: ReadonlyMap<string, string>): Promise<void> {
  const deliveries = await db
    .selectFrom("messaging_delivery")
    .select(["id", "channel", "to", "state", "personName"])
    .execute();
  const keys = deliveries.map(({ channel, personName }) => `${channel} ${personName}`);
  expect(new Set(keys).size).toBe(keys.length);
  const shown = new Map<string, number>();
  for (const [puppetId, openid] of openids) {
    const entries = emulator.world.chat(puppetId, bound.appid).chat;
    shown.set(openid, entries.filter(({ content }) => content.kind === "template").length);
  }
  const mails = emulator.world.mails().map(({ text }) => text);
  for (const { channel, to, state, personName } of deliveries) {
    const times = channel === "mail" ? mails.filter((text) => text.includes(personName)).length : (shown.get(to) ?? 0);
    const expected = state === "unknown" ? [0, 1] : [state === "accepted" || state === "delivered" ? 1 : 0];
    expect(expected, `${channel} to ${to} is ${state} and arrived ${times} times`).toContain(times);
  }
}

async function expectUnknownExplained(inFlight: readonly string[]): Promise<void> {
  const unknown = await db
    .selectFrom("messaging_delivery")
    .select(["id", "zh"])
    .where("state", "=", "unknown")
    .execute();
  // Exactly what was on its way when a server died, nothing else.
  expect(unknown.map(({ id }) => id).toSorted()).toEqual([...inFlight].toSorted());
  const steps = await db
    .selectFrom("messaging_step")
    .select(["deliveryId", "zh", "en"])
    .where("kind", "=", "lost")
    .execute();
  const explained = new Map(steps.map((step) => [step.deliveryId, step]));
  for (const { id, zh } of unknown) expect(explained.get(id)?.zh).toBe(zh);
}
