import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { cloneOfTemplate, type TestDatabase } from "../testing/database.ts";
import { assertDatabase, checkDatabase } from "./database-check.ts";

const suffix = randomBytes(4).toString("hex");
const login = `zg "login" ${suffix}`;
const role = `zg_tenant_${suffix}`;
let database: TestDatabase;
let admin: pg.Client;
let url: string;

const quoted = (name: string): string => pg.escapeIdentifier(name);
/** What an administrator pastes. */
const run = async (statements: readonly string[]): Promise<void> => {
  for (const statement of statements) await admin.query(statement);
};

beforeAll(async () => {
  database = await cloneOfTemplate(inject("clusterUrl"), []);
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  await admin.query(`CREATE ROLE ${quoted(login)} LOGIN PASSWORD 'tea'`);
  const address = new URL(database.url);
  address.username = encodeURIComponent(login);
  address.password = "tea";
  url = address.href;
});
afterAll(async () => {
  await run([`DROP OWNED BY ${quoted(login)}`, `DROP ROLE ${quoted(login)}`, `DROP ROLE IF EXISTS ${role}`]);
  await admin.end();
  await database.drop();
});

test("a superuser lacks nothing", async () => {
  expect(await checkDatabase(database.url, { tenantRole: role })).toEqual([]);
});

test("what a bare login lacks is said with statements that, run as they stand, mend it one by one", async () => {
  const problems = await checkDatabase(url, { tenantRole: () => role });
  expect(problems.map(({ remedy }) => remedy)).toEqual([
    [`GRANT CREATE ON DATABASE "${new URL(url).pathname.slice(1)}" TO ${quoted(login)};`],
    [`GRANT USAGE, CREATE ON SCHEMA public TO ${quoted(login)};`],
    [`CREATE ROLE "${role}" NOLOGIN;`, `GRANT "${role}" TO ${quoted(login)};`],
  ]);
  await expect(assertDatabase(url, { tenantRole: role })).rejects.toThrow(
    new RegExp(`not ready[\\s\\S]*isn't there[\\s\\S]*An administrator runs:\\s+CREATE ROLE "${role}" NOLOGIN;`),
  );
  for (const { remedy } of problems.slice(0, 2)) await run(remedy);
  const [create, grant] = problems[2]!.remedy;
  await run([create!]);
  expect(await checkDatabase(url, { tenantRole: role })).toEqual([
    { sentence: expect.stringContaining("may not act as"), remedy: [grant] },
  ]);
  await run([grant!]);
  expect(await checkDatabase(url, { tenantRole: role })).toEqual([]);
  await expect(assertDatabase(url, { tenantRole: role })).resolves.toBeUndefined();
});

test("a login that may create roles needs none from an administrator", async () => {
  const other = `zg_other_${suffix}`;
  expect((await checkDatabase(url, { tenantRole: other })).length).toBe(1);
  await run([`ALTER ROLE ${quoted(login)} CREATEROLE`]);
  expect(await checkDatabase(url, { tenantRole: other })).toEqual([]);
});
