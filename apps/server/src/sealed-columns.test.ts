import { readEnv } from "@zhanggui/kit/server/env";
import { createLog } from "@zhanggui/kit/server/log";
import { reseal } from "@zhanggui/kit/server/reseal";
import { Secrets } from "@zhanggui/kit/server/secrets";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { connectSealed } from "./engines/connect/connect.sealed.ts";
import { resealAll } from "./reseal.ts";
import { sealedColumns } from "./sealed-columns.ts";
import { openTestServer, testSecrets, type TestServer } from "./testing/test-server.ts";

let server: TestServer;
let client: pg.Client;

beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  client = new pg.Client({ connectionString: server.databaseUrl });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await server.close();
});

interface Named {
  readonly table: string;
  readonly column: string;
}
const nameOf = ({ table, column }: Named): string => `${table}.${column}`;

async function columnsNamedSealed(): Promise<string[]> {
  const { rows } = await client.query<Named>(
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns
     WHERE table_schema = 'public' AND column_name LIKE '%\\_sealed'`,
  );
  return rows.map(nameOf).toSorted();
}

test("every column named *_sealed is declared by its module, and every declared one is there", async () => {
  const declared = (await sealedColumns()).map(nameOf).toSorted();
  expect(declared.length).toBeGreaterThan(3);
  expect(await columnsNamedSealed()).toEqual(declared);
});

test("a planted column that nobody declares is found", async () => {
  await client.query("ALTER TABLE audience_person ADD COLUMN diary_sealed text");
  const declared = new Set((await sealedColumns()).map(nameOf));
  expect((await columnsNamedSealed()).filter((name) => !declared.has(name))).toEqual(["audience_person.diary_sealed"]);
  await client.query("ALTER TABLE audience_person DROP COLUMN diary_sealed");
});

test("each is declared with a key that finds one row", async () => {
  for (const { table, key } of connectSealed) {
    const { rows } = await client.query<{ columns: string[] }>(
      `SELECT array_agg(a.attname::text) AS columns FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid
       AND a.attnum = ANY(i.indkey) WHERE i.indrelid = $1::regclass AND i.indisunique GROUP BY i.indexrelid`,
      [table],
    );
    const unique = rows.map(({ columns }) => columns.toSorted().join());
    expect(unique, table).toContain([...key].toSorted().join());
  }
});

test("a bound account works on after its secrets were sealed with a new key, and the old key is needed no more", async () => {
  const owner = await server.asOwner();
  const app = {
    name: "Lantern Tea",
    appId: "wx0123456789abcdef",
    appSecret: "0123456789abcdef0123456789abcdef",
    pushToken: "token123",
    encodingAesKey: "a".repeat(43),
    mode: "safe" as const,
  };
  const bound = await owner.api.connect.bindApp(app);
  const newKey = Buffer.alloc(32, 9).toString("base64");
  const { SECRET_KEY: oldKey, ...rest } = testSecrets;
  const lines: string[] = [];
  const log = createLog("info", { write: (line) => lines.push(line) });
  const variables = { DATABASE_URL: server.databaseUrl, ...rest };
  expect(await resealAll(readEnv({ ...variables, SECRET_KEYS: `${newKey},${oldKey}` }), log)).toBe(true);
  const tables = lines.map((line) => JSON.parse(line) as { table?: string; column?: string; resealed?: number });
  expect(tables).toContainEqual(
    expect.objectContaining({ table: "connect_app", column: "aes_key_sealed", resealed: 1 }),
  );
  expect(lines.join("")).not.toContain(app.appSecret);

  const onlyNew = new Secrets([newKey]);
  const { rows } = await client.query<Record<string, string>>("SELECT * FROM connect_app WHERE id = $1", [bound.id]);
  const opened = connectSealed.slice(0, 3).map(({ column, context }) => {
    return onlyNew.open(rows[0]![column]!, (context as (row: object) => string)({ id: bound.id }));
  });
  expect(opened).toEqual([app.appSecret, app.pushToken, app.encodingAesKey]);

  // Without the old key, what is sealed with it would be left, and that is no success.
  await reseal(server.databaseUrl, new Secrets([oldKey, newKey]), connectSealed);
  expect(await resealAll(readEnv({ ...variables, SECRET_KEY: newKey }), log)).toBe(false);
});
