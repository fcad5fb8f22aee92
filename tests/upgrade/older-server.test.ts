import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { ApiProblem } from "@zhanggui/kit/contract/problem";
import { createClient } from "@zhanggui/kit/contract/client";
import { dataOf } from "@zhanggui/kit/contract/data";
import { migrate } from "@zhanggui/kit/server/migrate";
import { cloneOfTemplate, type TestDatabase } from "@zhanggui/kit/testing/database";
import { contracts } from "@zhanggui/server/contracts";
import { migrationFolders } from "@zhanggui/server/migrations";
import { testPassword, testSecrets } from "@zhanggui/server/testing/test-server";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { freePort } from "../../tools/postgres.ts";
import { inRoot, root } from "../../tools/zg/paths.ts";

/*
 * The server of the release before, as it was, on a database of its own: it makes it and works on it; the present one
 * brings it up to date; and the older one boots again on what has become of it, and works: that is how a release is taken
 * back. Its sources come from git, its dependencies are those that are installed.
 */
const { commit } = JSON.parse(await readFile(join(import.meta.dirname, "previous.json"), "utf8")) as { commit: string };
/** A checkout without its history has nothing to build the older one of. */
const isThere = spawnSync("git", ["cat-file", "-e", `${commit}^{commit}`], { cwd: root }).status === 0;
/** As data, which takes replies as they are: the older server's lack what came since. */
const untold = Object.fromEntries(
  Object.entries(contracts).map(([module, contract]) => [module, dataOf(contract)]),
) as unknown as typeof contracts;
const packages = ["kit", "forms", "wechat", "emulator"].map((name) => `packages/${name}`);

let folder: string;
let database: TestDatabase;
beforeAll(async () => {
  if (!isThere) return;
  folder = await mkdtemp(join(tmpdir(), "zg-previous-"));
  const archive = execFileSync(
    "git",
    ["archive", commit, "apps/server", "packages", "tsconfig.json", "tsconfig.base.json", "package.json"],
    {
      cwd: root,
      maxBuffer: 200_000_000,
    },
  );
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
  for (const place of [".", "apps/server", ...packages]) await shareDependencies(place);
  const rolldown = inRoot("apps/server/node_modules/.bin/rolldown");
  await promisify(execFile)(rolldown, ["-c"], { cwd: join(folder, "apps/server") });
  database = await cloneOfTemplate(inject("clusterUrl"), []);
});
afterAll(async () => {
  await database?.drop();
  if (isThere) await rm(folder, { recursive: true, force: true });
});

/** What the registry published is shared; our own packages are the older ones. */
async function shareDependencies(place: string): Promise<void> {
  const [from, to] = [inRoot(place, "node_modules"), join(folder, place, "node_modules")];
  for (const name of await readdir(from).catch(() => [])) {
    await mkdir(to, { recursive: true });
    if (name !== "@zhanggui") {
      await symlink(join(from, name), join(to, name));
      continue;
    }
    await mkdir(join(to, name));
    for (const own of await readdir(join(from, name))) {
      const source = relative(root, await realpath(join(from, name, own)));
      await symlink(join(folder, source), join(to, name, own));
    }
  }
}

interface Running {
  readonly api: ReturnType<typeof signedIn>;
  stop(): Promise<number | null>;
}
const signedIn = (baseUrl: string, token: () => string) =>
  createClient(untold, {
    baseUrl,
    headers: () => ({ authorization: `Bearer ${token()}`, "accept-language": "en" }),
  });
const login = "owner@lantern-tea.example";

/** Starts a server's build, and signs the owner in, who sets the business up the first time. */
async function start(main: string): Promise<Running> {
  const port = String(await freePort());
  const env = { ...process.env, ...testSecrets, DATABASE_URL: database.url, PORT: port, NODE_ENV: "test" };
  const child = spawn(process.execPath, [main], {
    env: { ...env, FILES_DIR: join(folder, "files"), UNREADY_SECONDS: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ready = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('"message":"ready"')) ready.resolve();
    });
  }
  child.once("exit", (code) => ready.reject(new Error(`${main} ended with ${code}:\n${output.slice(-4000)}`)));
  await ready.promise;
  const url = `http://127.0.0.1:${port}`;
  const visitor = createClient(untold, { baseUrl: url });
  const session = await visitor.access.login({ login, password: testPassword }).catch((error: unknown) => {
    if (!(error instanceof ApiProblem)) throw error;
    const owner = { login, displayName: "掌柜", password: testPassword };
    return visitor.access.setup({ setupToken: testSecrets.SETUP_TOKEN, tenantName: "灯笼茶", ...owner });
  });
  return {
    api: signedIn(url, () => session.accessToken),
    stop: async () => {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      const [code] = (await gone) as [number | null];
      return code;
    },
  };
}

async function ask<Row>(sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as Row[];
  } finally {
    await client.end();
  }
}
const audited = () =>
  ask<{ table: string; mark: string }>(
    `SELECT c.relname AS table, obj_description(t.oid, 'pg_trigger') AS mark FROM pg_trigger t
     JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgname = 'zg_audit' ORDER BY 1`,
  );

test.skipIf(!isThere)(
  "the release before makes a database, this one goes on with it, and the one before goes back to work on that",
  async () => {
    const before = await start(join(folder, "apps/server/dist/main.js"));
    const first = await before.api.links.create({ url: "https://lantern-tea.example/first" });
    await before.api.access.createRole({ name: "Taster", permissions: ["links:read"] });
    expect(await before.stop()).toBe(0);

    expect((await migrate(database.url, migrationFolders())).length).toBeGreaterThan(0);
    // What a later release follows besides, the one before knows nothing of.
    await ask(`CREATE TRIGGER zg_audit AFTER UPDATE ON links_click FOR EACH ROW
    EXECUTE FUNCTION zg_audit_change('{"thing":"links_click","key":[],"hidden":[],"ignored":[]}')`);
    const follows = await audited();

    const again = await start(join(folder, "apps/server/dist/main.js"));
    const second = await again.api.links.create({ url: "https://lantern-tea.example/second" });
    expect((await again.api.links.list({})).items.map(({ id }) => id)).toEqual([second.id, first.id]);
    expect((await again.api.access.listRoles()).items.map(({ name }) => name)).toContain("Taster");
    expect((await again.api.audit.list({})).items.length).toBeGreaterThan(0);
    expect(await again.stop()).toBe(0);
    await ask("DROP TRIGGER IF EXISTS zg_audit ON links_click");
    expect(follows.length).toBeGreaterThan(20);

    // And forward once more: nothing is left to do, and all that is followed is followed.
    expect(await migrate(database.url, migrationFolders())).toEqual([]);
    expect((await audited()).length).toBeGreaterThanOrEqual(follows.length - 1);
  },
);
