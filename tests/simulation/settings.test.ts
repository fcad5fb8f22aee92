import { createClient } from "@zhanggui/kit/contract/client";
import { cloneOfTemplate, type TestDatabase } from "@zhanggui/kit/testing/database";
import { contracts } from "@zhanggui/server/contracts";
import { migrationFolders } from "@zhanggui/server/migrations";
import { testSecrets } from "@zhanggui/server/testing/test-server";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { freePort } from "../../tools/postgres.ts";
import { type ServerProcess, startServer } from "../setup/server-process.ts";
import { patient } from "../setup/patience.ts";

/** Sooner than whoever was told nothing looks by itself. */
const promptly = { timeout: patient(3_000), interval: 10 };

// Two processes on one database, one of which only answers requests: a setting that is changed through one holds in the
// other promptly, thirty times, also while the connections break on which they hear of it.

let database: TestDatabase;
let processes: readonly { readonly server: ServerProcess; readonly url: string }[];
let token = "";
let admin: pg.Client;
const api = (url: string) =>
  createClient(contracts, { baseUrl: url, headers: () => ({ authorization: `Bearer ${token}` }) });

beforeAll(async () => {
  database = await cloneOfTemplate(inject("clusterUrl"), migrationFolders());
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  const start = async (role: string) => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const env = { DATABASE_URL: database.url, PORT: String(port), PUBLIC_URL: url, ROLE: role };
    return { server: await startServer(env), url };
  };
  processes = [await start("all"), await start("api")];
  const session = await createClient(contracts, { baseUrl: processes[0]!.url }).access.setup({
    setupToken: testSecrets.SETUP_TOKEN,
    tenantName: "Lantern Tea",
    login: "owner@lantern-tea.example",
    displayName: "Owner",
    password: "correct horse battery",
  });
  token = session.accessToken;
});
afterAll(async () => {
  for (const { server } of processes ?? []) await server.stop();
  await admin?.end();
  await database?.drop();
});

/** Whether a process lets links lead there: it asks the setting. */
async function isAllowed(url: string, domain: string): Promise<boolean> {
  const made = api(url).links.create({ url: `https://${domain}/menu` });
  return made.then(
    () => true,
    () => false,
  );
}

test("thirty changes are seen by the other process promptly", async () => {
  let version = 0;
  for (let round = 0; round < 30; round += 1) {
    const [from, to] = round % 2 === 0 ? [processes[0]!, processes[1]!] : [processes[1]!, processes[0]!];
    const domain = `shop-${round}.lantern-tea.example`;
    if (round % 10 === 4)
      await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'zhanggui queue' AND datname = current_database()`,
      );
    const change = { key: "links.allowedDomains", value: [domain], version };
    ({ version } = await api(from.url).settings.change(change));
    expect(await isAllowed(from.url, domain)).toBe(true);
    await expect.poll(() => isAllowed(to.url, domain), promptly).toBe(true);
    expect(await isAllowed(to.url, "elsewhere.example")).toBe(false);
  }
});
