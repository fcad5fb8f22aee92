import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openTestServer, type Member, testSecrets, type TestServer } from "../testing/test-server.ts";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const letter = "%PDF-1.4 a letter of the tea house";

let folder: string;
let archive: string;
let server: TestServer;
let owner: Member;
let fileId: string;
let roleId: string;
/** Rows of every table, at the moment of the back-up. */
let before: Record<string, number>;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the server's program on a database, with files in a folder of the test's. */
async function run(words: string[], databaseUrl: string, files: string, secret = testSecrets): Promise<Ended> {
  const { PATH = "", NODE_OPTIONS = "" } = process.env;
  const env = { PATH, NODE_OPTIONS, ...secret, DATABASE_URL: databaseUrl, FILES_DIR: join(folder, files) };
  const program = ["--import", "@oxc-node/core/register", main, ...words];
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, program, { env })) };
  } catch (error) {
    return error as Ended;
  }
}

async function onDatabase<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

let databases = 0;
async function emptyDatabase(): Promise<string> {
  const name = `zg_restored_${process.pid}_${(databases += 1)}`;
  await onDatabase(inject("clusterUrl"), (client) => client.query(`CREATE DATABASE ${name}`));
  const url = new URL(inject("clusterUrl"));
  url.pathname = `/${name}`;
  return url.href;
}

const rowsOf = (url: string): Promise<Record<string, number>> =>
  onDatabase(url, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
       AND NOT relispartition ORDER BY 1`,
    );
    const counts: Record<string, number> = {};
    for (const { name } of tables) {
      const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM "${name}"`);
      counts[name] = Number(rows[0]?.n);
    }
    return counts;
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zg-backup-"));
  archive = join(folder, "tea.tar.gz");
  server = await openTestServer(inject("clusterUrl"), { env: { FILES_DIR: join(folder, "files") } });
  owner = await server.asPlatformOwner();
  ({ id: roleId } = await owner.api.access.createRole({ name: "茶艺师\\二级\\n", permissions: ["audience:read"] }));
  await owner.api.access.updateRole({ roleId, name: "首席茶艺师" });
  const uploaded = await owner.api.files.upload({
    name: "信.pdf",
    stream: new Blob([letter]),
    contentType: "application/pdf",
  });
  fileId = uploaded.id;
  await server.runtime.runSchedule("audit.seal");
  await server.runtime.runSchedule("audit.tend");
  // Something that waits for a seal still.
  await owner.api.access.updateRole({ roleId, name: "茶艺师" });
  before = await rowsOf(server.databaseUrl);
  const made = await run(["backup", archive], server.databaseUrl, "files");
  expect([made.code, made.stderr]).toEqual([0, ""]);
  expect(made.stdout).toMatch(/tables with \d+ rows, 1 files/);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

test("backed up, wiped and restored: every row, the audit chain and the files are as they were", async () => {
  const url = await emptyDatabase();
  const restored = await run(["restore", archive], url, "files-restored");
  expect([restored.code, restored.stderr]).toEqual([0, ""]);
  expect(restored.stdout).toMatch(/1 files: all as they were written\n1 audit chain verified, 0 broken\n/);
  expect(await rowsOf(url)).toEqual(before);
  const bytes = await readFile(join(folder, "files-restored", "files", owner.tenantId, fileId), "utf8");
  expect(bytes).toBe(letter);
  // A server works on it as if nothing had been: the same session, new rows, entries of the audit log.
  const again = await openTestServer(inject("clusterUrl"), {
    databaseUrl: url,
    env: { FILES_DIR: join(folder, "files-restored") },
  });
  const authorization = `Bearer ${owner.accessToken}`;
  const me = await fetch(`${again.url}/api/me`, { headers: { authorization } });
  expect(me.status).toBe(200);
  const audited = await onDatabase(url, (client) => client.query("SELECT count(*)::int AS n FROM kit_audit_entry"));
  const changed = await fetch(`${again.url}/api/roles/${roleId}`, {
    method: "PATCH",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ name: "学徒" }),
  });
  expect(changed.status).toBe(200);
  const after = await onDatabase(url, (client) => client.query("SELECT count(*)::int AS n FROM kit_audit_entry"));
  expect((after.rows[0] as { n: number }).n).toBeGreaterThan((audited.rows[0] as { n: number }).n);
  await again.close();
});

test("a database that isn't empty is refused, and replaced only by the word for it", async () => {
  const url = await emptyDatabase();
  expect((await run(["restore", archive], url, "files-second")).code).toBe(0);
  await onDatabase(url, (client) => client.query("CREATE TABLE left_over (id int)"));
  const refused = await run(["restore", archive], url, "files-second");
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringMatching(/isn't empty \(\d+ tables\)\. With --replace/),
  ]);
  expect((await rowsOf(url))["left_over"]).toBe(0);
  const replaced = await run(["restore", archive, "--replace"], url, "files-second");
  expect([replaced.code, replaced.stderr]).toEqual([0, ""]);
  expect(await rowsOf(url)).toEqual(before);
});

test("nothing is replaced under a server that works on it", async () => {
  const refused = await run(["restore", archive, "--replace"], server.databaseUrl, "files-third");
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^A server still works on this database/)]);
  expect((await owner.api.access.me({})).account.id).toBe(owner.accountId);
});

test("an archive that is cut short or altered is refused before anything is touched", async () => {
  const url = await emptyDatabase();
  const bytes = await readFile(archive);
  const { size } = await stat(archive);
  const damage: [what: string, make: (path: string) => Promise<void>][] = [
    ["cut", (path) => truncate(path, Math.floor(size / 2))],
    ["cut at its end", (path) => truncate(path, size - 9)],
    [
      "one byte",
      async (path) => {
        const altered = Buffer.from(bytes);
        altered[Math.floor(size / 3)] = (altered[Math.floor(size / 3)] ?? 0) ^ 0xff;
        await writeFile(path, altered);
      },
    ],
    [
      "a row, packed anew",
      async (path) => {
        const { gzipSync } = await import("node:zlib");
        const plain = gunzipSync(bytes);
        const at = plain.indexOf("Lantern Tea");
        plain.write("Another Tea", at);
        await writeFile(path, gzipSync(plain));
      },
    ],
    ["no archive", (path) => writeFile(path, "tea")],
    ["empty", (path) => writeFile(path, "")],
  ];
  for (const [what, make] of damage) {
    const path = join(folder, "damaged.tar.gz");
    await writeFile(path, bytes);
    await make(path);
    const { code, stderr } = await run(["restore", path], url, "files-damaged");
    expect([code, stderr], what).toEqual([1, expect.stringContaining("is damaged")]);
  }
  expect(await rowsOf(url)).toEqual({});
});

test("without the key that sealed its secrets nothing is restored, and the key is named", async () => {
  const sealing = await openTestServer(inject("clusterUrl"), { env: { FILES_DIR: join(folder, "sealing") } });
  const own = await sealing.asPlatformOwner();
  const sealed = sealing.runtime.secrets.seal("a secret of the tea house", "made so");
  await sealing.runtime
    .unscopedDb()
    .insertInto("connect_app")
    .values({
      tenantId: own.tenantId,
      id: own.accountId,
      name: "Lantern Tea",
      appId: "wx0000000000000001",
      secretSealed: sealed,
      pushTokenSealed: sealed,
      aesKeySealed: sealed,
      mode: "safe",
    })
    .execute();
  const path = join(folder, "sealed.tar.gz");
  expect((await run(["backup", path], sealing.databaseUrl, "sealing")).stdout).toContain(sealing.runtime.secrets.keyId);
  expect(gunzipSync(await readFile(path)).toString("latin1")).not.toContain(testSecrets.SECRET_KEY);
  await sealing.close();
  const url = await emptyDatabase();
  const other = { ...testSecrets, SECRET_KEY: Buffer.alloc(32, 9).toString("base64") };
  const refused = await run(["restore", path], url, "files-other", other);
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringContaining(`sealed with ${sealing.runtime.secrets.keyId}, and SECRET_KEYS holds`),
  ]);
  expect(await rowsOf(url)).toEqual({});
});
