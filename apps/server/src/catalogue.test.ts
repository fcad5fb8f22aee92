import { kitTables } from "@zhanggui/kit/server/policies";
import { catalogueViolations } from "@zhanggui/kit/testing/catalogue";
import { cloneOfTemplate, type TestDatabase } from "@zhanggui/kit/testing/database";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { migrationFolders } from "./migrations.ts";
import { modules } from "./modules.ts";
import { unaudited } from "./unaudited.ts";

const platformTables = Object.assign({}, kitTables, ...modules.map((module) => module.platformTables ?? {}));
let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await cloneOfTemplate(inject("clusterUrl"), migrationFolders());
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const allowed = Object.assign({}, ...modules.map((module) => module.ownerObjects ?? {}));
const violations = () => catalogueViolations(client, { platformTables, allowed });

test("row-level security holds every table, every index can be used under it, and all of it is described", async () => {
  expect(await violations()).toEqual([]);
});

/** What it is, how it is made, and what is said of it. */
const planted: [what: string, sql: string, said: RegExp][] = [
  ["a table without a policy", "CREATE TABLE tea_leaf (tenant_id uuid, id uuid)", /tea_leaf has no row-level security/],
  ["a table without a tenant", "CREATE TABLE tea_world (name text)", /tea_world has neither a tenant_id/],
  ["row-level security switched off", "ALTER TABLE audience_tag DISABLE ROW LEVEL SECURITY", /audience_tag has no/],
  [
    "a second policy, which would widen the first",
    "CREATE POLICY wide ON audience_tag USING (true)",
    /audience_tag has no row-level security with the policy/,
  ],
  [
    "a foreign key of one column",
    `CREATE UNIQUE INDEX tea_id ON audience_tag (id);
     ALTER TABLE audience_person_tag ADD CONSTRAINT tea_key FOREIGN KEY (tag_id) REFERENCES audience_tag (id)`,
    /foreign key tea_key could lead to another tenant/,
  ],
  ["an owner's view", "CREATE VIEW tea_view AS SELECT * FROM audience_tag", /view tea_view shows what its owner sees/],
  [
    "a view that narrows to one tenant only in one branch",
    `CREATE VIEW tea_search AS SELECT * FROM audience_tag
     WHERE name = 'open' OR (name <> '' AND tenant_id = current_setting('zg.tenant')::uuid)`,
    /view tea_search shows the rows of all tenants/,
  ],
  ["a materialised view", "CREATE MATERIALIZED VIEW tea_heap AS SELECT * FROM audience_tag", /tea_heap shows what/],
  [
    "a function of the owner's",
    "CREATE FUNCTION tea_all() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM audience_tag'",
    /tea_all runs as its owner/,
  ],
  [
    "an index on jsonb",
    "CREATE INDEX tea_json ON audience_timeline USING gin (details)",
    /index tea_json can't be used under row-level security/,
  ],
  ["an index on an expression", "CREATE INDEX tea_lower ON audience_tag (tenant_id, lower(name))", /index tea_lower/],
  [
    "a numeric index",
    "ALTER TABLE audience_tag ADD weight numeric; CREATE INDEX tea_weight ON audience_tag (tenant_id, weight)",
    /index tea_weight/,
  ],
  ["a time in microseconds", "ALTER TABLE audience_tag ADD at timestamptz", /audience_tag.at is finer than a milli/],
  [
    "a grant that the registry doesn't list",
    `DO $$ BEGIN EXECUTE format('GRANT SELECT ON access_tenant TO %I', (SELECT tenant_role FROM kit_database)); END $$`,
    /more with access_tenant than the registry says/,
  ],
  [
    "a partition that can be reached by itself",
    `CREATE TABLE tea_log (tenant_id uuid, at timestamptz(3)) PARTITION BY RANGE (at);
     CREATE TABLE tea_log_1 PARTITION OF tea_log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
     DO $$ BEGIN EXECUTE format('GRANT SELECT ON tea_log_1 TO %I', (SELECT tenant_role FROM kit_database)); END $$`,
    /partition tea_log_1 can be reached beside its table/,
  ],
  [
    "a table that says nothing",
    "CREATE TABLE tea_leaf (tenant_id uuid)",
    /what a row of tea_leaf is: COMMENT ON TABLE/,
  ],
  [
    "a column that says nothing",
    "ALTER TABLE audience_tag ADD leaves integer",
    /what audience_tag.leaves holds: COMMENT ON COLUMN/,
  ],
  [
    "a column that only names its type",
    "COMMENT ON COLUMN audience_tag.name IS 'type string'",
    /what audience_tag.name holds: COMMENT ON COLUMN/,
  ],
  [
    "a partition that says nothing",
    "COMMENT ON TABLE kit_event_default IS NULL",
    /what a row of kit_event_default is: COMMENT ON TABLE/,
  ],
];

/** Tables of modules with a tenant that have no trigger of the audit log. */
async function unfollowed(): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND c.relname NOT LIKE 'kit\\_%'
       AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'zg_audit' AND t.tgenabled = 'O')
     ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

test("the audit log follows every table that people change; the others say why not", async () => {
  expect(await unfollowed()).toEqual(Object.keys(unaudited).toSorted());
});

test("a table that nobody has thought of, and a trigger that sleeps, turn the test above red", async () => {
  await client.query("BEGIN");
  await client.query("CREATE TABLE tea_leaf (tenant_id uuid, id uuid)");
  await client.query("ALTER TABLE audience_tag DISABLE TRIGGER zg_audit");
  expect(await unfollowed()).toEqual([...Object.keys(unaudited), "audience_tag", "tea_leaf"].toSorted());
  await client.query("ROLLBACK");
});

test("an exception doesn't excuse a view that shows the rows of all tenants", async () => {
  await client.query("BEGIN");
  await client.query("CREATE VIEW tea_view AS SELECT * FROM audience_tag");
  const said = await catalogueViolations(client, { platformTables, allowed: { ...allowed, tea_view: "it must be" } });
  expect(said).toEqual([expect.stringMatching(/view tea_view shows the rows of all tenants/)]);
  await client.query("ROLLBACK");
});

test.each(planted)("the catalogue test turns red for %s", async (_, sql, said) => {
  await client.query("BEGIN");
  try {
    await client.query(sql);
    expect(await violations()).toContainEqual(expect.stringMatching(said));
  } finally {
    await client.query("ROLLBACK");
  }
});
