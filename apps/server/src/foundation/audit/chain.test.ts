import { sql } from "kysely";
import pg from "pg";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";

let server: TestServer;
let owner: Member;
let client: pg.Client;
beforeEach(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
  client = new pg.Client({ connectionString: server.runtime.env.DATABASE_URL });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await server.close();
});

const seal = () => server.runtime.runSchedule("audit.seal");
const findings = async () => (await owner.api.audit.verify()).findings;

/** A few changes, each in a seal of its own. */
async function threeSeals(): Promise<string[]> {
  const ids: string[] = [];
  for (const name of ["春茶", "夏茶", "秋茶"]) {
    await owner.api.access.createRole({ name, permissions: [] });
    ids.push((await owner.api.audit.list({ limit: 1 })).items[0]!.id);
    await seal();
  }
  return ids;
}

/** As whoever owns the machine may: with every trigger asleep. */
async function tamper(text: string, values: unknown[] = []): Promise<void> {
  await client.query("SET session_replication_role = replica");
  await client.query(text, values);
  await client.query("SET session_replication_role = DEFAULT");
}

test("a chain that nobody touched verifies, and says how far it reaches", async () => {
  await threeSeals();
  const { findings, seals, entries, lastNumber, lastHash, verifiedAt } = await owner.api.audit.verify();
  expect(findings).toEqual([]);
  expect(seals).toBe(lastNumber);
  expect(entries).toBeGreaterThanOrEqual(3);
  expect(lastHash).toMatch(/^[0-9a-f]{64}$/);
  expect(verifiedAt).not.toBeNull();
});

test("an entry that was altered is named", async () => {
  const [, second] = await threeSeals();
  await tamper("UPDATE kit_audit_entry SET became = jsonb_set(became, '{name}', '\"冬茶\"') WHERE id = $1", [second]);
  expect(await findings()).toEqual([{ what: "entry_altered", which: second, seal: expect.any(Number) as number }]);
});

test.each(["at = at + interval '1 minute'", "actor_name = 'somebody'", "masked = '{name}'", "source = '10.0.0.1'"])(
  "whatever of it was altered: %s",
  async (change) => {
    const [first] = await threeSeals();
    await tamper(`UPDATE kit_audit_entry SET ${change} WHERE id = $1`, [first]);
    expect(await findings()).toMatchObject([{ what: "entry_altered", which: first }]);
  },
);

test("an entry that was removed from the middle is named", async () => {
  const [, second] = await threeSeals();
  await tamper("DELETE FROM kit_audit_entry WHERE id = $1", [second]);
  expect(await findings()).toMatchObject([{ what: "entry_removed", which: second }]);
});

test("an entry that was put in between is named", async () => {
  const [first] = await threeSeals();
  const { rows } = await client.query<{ id: string }>("SELECT zg_id() AS id");
  const { id } = rows[0]!;
  await tamper(
    `INSERT INTO kit_audit_entry (tenant_id, id, at, actor_kind, actor_id, actor_name, source, trace_id, act, kind,
       outcome, thing_kind, thing_id, title, part)
     SELECT tenant_id, $2, at, actor_kind, actor_id, actor_name, source, trace_id, act, kind, outcome, thing_kind,
       thing_id, title, part FROM kit_audit_entry WHERE id = $1`,
    [first, id],
  );
  expect(await findings()).toEqual([{ what: "entry_inserted", which: id, seal: 0 }]);
});

test("an entry that was removed before it was sealed is named", async () => {
  await seal();
  await owner.api.access.createRole({ name: "花茶", permissions: [] });
  const { id } = (await owner.api.audit.list({ limit: 1 })).items[0]!;
  await tamper("DELETE FROM kit_audit_entry WHERE id = $1", [id]);
  await seal();
  expect(await findings()).toEqual([{ what: "entry_removed", which: id, seal: 0 }]);
});

test("a seal that was edited, to cover an entry that was altered, is named", async () => {
  const [, second] = await threeSeals();
  const { rows } = await client.query<{ number: number }>(
    "SELECT number FROM kit_audit_seal WHERE $1 = ANY (entry_ids)",
    [second],
  );
  const { number } = rows[0]!;
  await tamper("DELETE FROM kit_audit_entry WHERE id = $1", [second]);
  await tamper(
    `UPDATE kit_audit_seal SET entry_ids = array_remove(entry_ids, $1), entry_hashes = '{}', entries = entries - 1
     WHERE number = $2`,
    [second, number],
  );
  expect(await findings()).toContainEqual({ what: "seal_altered", which: `${number}`, seal: number });
});

test("a seal that was taken out is named, and a chain that was cut at its end too", async () => {
  await threeSeals();
  const { lastNumber } = await owner.api.audit.verify();
  await seal();
  await tamper("DELETE FROM kit_audit_seal WHERE number = $1", [lastNumber - 1]);
  expect(await findings()).toContainEqual({
    what: "seal_removed",
    which: `${lastNumber - 1}`,
    seal: lastNumber - 1,
  });
  await tamper("DELETE FROM kit_audit_seal WHERE number >= $1", [lastNumber - 1]);
  expect(await findings()).toContainEqual({ what: "chain_cut", which: expect.any(String) as string, seal: lastNumber });
});

test("nobody changes or removes what is written: neither a tenant nor, by mistake, the owner", async () => {
  await threeSeals();
  const { db } = server.runtime.ctx(owner.tenantId);
  const change = sql`UPDATE kit_audit_entry SET title = ''`;
  await expect(change.execute(db)).rejects.toThrow(/permission denied/);
  await expect(sql`DELETE FROM kit_audit_seal`.execute(db)).rejects.toThrow(/permission denied/);
  await expect(sql`INSERT INTO kit_audit_seal SELECT * FROM kit_audit_seal`.execute(db)).rejects.toThrow(/permission/);
  for (const text of [
    "UPDATE kit_audit_entry SET title = ''",
    "DELETE FROM kit_audit_entry",
    "TRUNCATE kit_audit_entry",
    "UPDATE kit_audit_seal SET entries = 0",
    "DELETE FROM kit_audit_seal",
    "TRUNCATE kit_audit_seal",
  ])
    await expect(client.query(text)).rejects.toThrow(/only ever added to/);
});

test("what is no longer kept goes with its whole seal, and the chain begins behind it", async () => {
  const [first, second] = await threeSeals();
  const { items } = await owner.api.settings.list();
  const { version } = items.find(({ key }) => key === "audit.keepDays")!;
  server.clock.advance(200 * 86_400_000);
  const again = await server.asHolderOf(["settings:write", "settings:read", "audit:read"], owner);
  await again.api.settings.change({ key: "audit.keepDays", value: 184, version });
  await seal();
  await server.runtime.runSchedule("audit.tend");
  const kept = (await again.api.audit.list({ limit: 100 })).items.map(({ id }) => id);
  expect(kept).not.toContain(first);
  expect(kept).not.toContain(second);
  expect(kept.length).toBeGreaterThan(0);
  expect((await again.api.audit.verify()).findings).toEqual([]);
  const { rows } = await client.query("SELECT number FROM kit_audit_seal WHERE pruned_at IS NOT NULL");
  expect(rows).toHaveLength(1);
  const { id } = (await again.api.audit.list({ act: "system", kind: ["called"] })).items[0]!;
  expect((await again.api.audit.get({ entryId: id })).entry.details).toMatchObject({ pruned: expect.any(Number) });
});

test("nobody has the log forget what is younger than six months: no setting does, and no hand unnoticed", async () => {
  for (const value of [1, 183])
    await expect(owner.api.settings.change({ key: "audit.keepDays", value, version: 0 })).rejects.toMatchObject({
      code: "settings.bad_value",
    });
  await owner.api.settings.change({ key: "audit.keepDays", value: 0, version: 0 });
  await threeSeals();
  const { rows } = await client.query<{ number: number }>(
    "SELECT max(number) - 1 AS number FROM kit_audit_seal WHERE tenant_id = $1",
    [owner.tenantId],
  );
  const { number } = rows[0]!;
  // As retention would, but too early.
  await client.query("SELECT set_config('zg.audit_prune', 'on', false)");
  await client.query(
    `DELETE FROM kit_audit_entry WHERE id IN (SELECT unnest(entry_ids) FROM kit_audit_seal WHERE number <= $1)`,
    [number],
  );
  await client.query("DELETE FROM kit_audit_seal WHERE number < $1", [number]);
  await client.query(
    "UPDATE kit_audit_seal SET pruned_at = now(), entry_ids = '{}', entry_hashes = '{}' WHERE number = $1",
    [number],
  );
  expect(await findings()).toEqual([{ what: "seal_altered", which: `${number}`, seal: number }]);
});

test("a chain that somebody looks at keeps no other tenant's entries from their seals", async () => {
  const other = await server.asOwner();
  await client.query("BEGIN");
  await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`${owner.tenantId} kit.audit`]);
  await seal();
  await client.query("COMMIT");
  const { rows } = await client.query("SELECT DISTINCT tenant_id FROM kit_audit_unsealed");
  expect(rows).toEqual([{ tenant_id: owner.tenantId }]);
  expect((await other.api.audit.verify()).lastNumber).toBe(1);
});

test("400 changes at once, while seals are made, stand in one chain without a gap", async () => {
  const before = (await owner.api.audit.list({})).total!;
  let isOver = false;
  const sealing = (async () => {
    while (!isOver) await seal();
  })();
  const ctx = server.runtime.ctx(owner.tenantId);
  const changes = Array.from({ length: 400 }, (_, n) =>
    ctx.tx(async (ctx) => {
      const row = { name: `茶 ${n}`, permissions: [] };
      const { id } = await ctx.db.insertInto("access_role").values(row).returning("id").executeTakeFirstOrThrow();
      // Some take long, so that whoever began later commits before.
      if (n % 7 === 0) await ctx.sql`SELECT pg_sleep(0.02)`;
      if (n % 11 === 0) throw new Error("undone");
      return id;
    }),
  );
  const done = (await Promise.allSettled(changes)).filter(({ status }) => status === "fulfilled").length;
  isOver = true;
  await sealing;
  await seal();
  const chain = await owner.api.audit.verify();
  expect(chain).toMatchObject({ findings: [], unsealed: 0 });
  expect(chain.entries).toBe(before + done);
});

test("sealing that dies in the middle leaves nothing half, and goes on", async () => {
  await owner.api.access.createRole({ name: "白茶", permissions: [] });
  await client.query(`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$`);
  await client.query("CREATE TRIGGER die AFTER INSERT ON kit_audit_seal FOR EACH ROW EXECUTE FUNCTION die()");
  await expect(seal()).rejects.toThrow();
  const { rows } = await client.query("SELECT FROM kit_audit_seal");
  expect(rows).toHaveLength(0);
  await client.query("DROP TRIGGER die ON kit_audit_seal");
  await seal();
  expect(await findings()).toEqual([]);
  const { rows: sealed } = await client.query("SELECT FROM kit_audit_seal");
  expect(sealed).toHaveLength(1);
});
