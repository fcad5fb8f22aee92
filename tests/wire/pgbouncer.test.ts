import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@zhanggui/kit/contract/ids";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { openDatabase } from "@zhanggui/kit/server/database";
import { readEnv } from "@zhanggui/kit/server/env";
import { createLog } from "@zhanggui/kit/server/log";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { cloneOfTemplate, type TestDatabase } from "@zhanggui/kit/testing/database";
import { kitMigrations } from "@zhanggui/kit/testing/runtime";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { freePort } from "../../tools/postgres.ts";
import { patient } from "../setup/patience.ts";

/** Debian's package; where it isn't installed there is nothing to test against. */
const isInstalled = spawnSync("pgbouncer", ["--version"]).status === 0;
const tenants = 8;
let folder: string;
let database: TestDatabase;
let bouncer: ChildProcess;
let runtime: Runtime;

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  return client
    .connect()
    .then(() => client.end())
    .then(
      () => true,
      () => false,
    );
}

beforeAll(async () => {
  if (!isInstalled) return;
  database = await cloneOfTemplate(inject("clusterUrl"), kitMigrations);
  folder = await mkdtemp(join(tmpdir(), "zg-pgbouncer-"));
  await chmod(folder, 0o755);
  const { hostname, port, username, password } = new URL(database.url);
  const own = await freePort();
  const login = `user=${username}${password === "" ? "" : ` password=${password}`}`;
  await writeFile(
    join(folder, "pgbouncer.ini"),
    `[databases]\n* = host=${hostname} port=${port} ${login}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${own}\n` +
      `unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 3\nmax_client_conn = 100\n`,
  );
  // It refuses to run as root.
  const words = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  bouncer = spawn("pgbouncer", [...words, join(folder, "pgbouncer.ini")], { stdio: "ignore" });
  const url = new URL(database.url);
  url.port = String(own);
  await vi.waitUntil(() => answers(url.href), { timeout: patient(30_000) });
  const env = readEnv({
    DATABASE_URL: url.href,
    SECRET_KEY: Buffer.alloc(32, 7).toString("base64"),
    JWT_SECRET: "only-for-tests-only-for-tests-only-for-tests",
  });
  runtime = new Runtime({
    env,
    clock: new TurnableClock(),
    log: createLog("silent"),
    database: openDatabase(url.href, { max: 20, prepares: false }),
  });
});
afterAll(async () => {
  if (!isInstalled) return;
  await runtime?.stop().catch(() => {});
  const ended = new Promise((done) => bouncer.once("exit", done));
  bouncer.kill("SIGKILL");
  await ended;
  await database.drop();
  await rm(folder, { recursive: true });
});

test.skipIf(!isInstalled)(
  "PgBouncer in transaction mode: twenty clients on three connections never see another tenant's rows",
  async () => {
    const ctxs = Array.from({ length: tenants }, () => runtime.ctx(newId(new Date())));
    const wrong: string[] = [];
    let checks = 0;
    const check = (tenantId: string, rows: readonly { tenantId: string }[]): void => {
      checks += 1;
      if (rows.some((row) => row.tenantId !== tenantId)) wrong.push(tenantId);
    };
    const client = async (seed: number): Promise<void> => {
      for (let round = 0; round < 100; round++) {
        const ctx = ctxs[(seed * 7 + round * 3) % tenants]!;
        const note = (inner: typeof ctx) =>
          inner.sql`INSERT INTO kit_event (id, name, payload, actor_kind, actor_id, trace_id, occurred_at)
            VALUES (zg_id(), 'tea.poured.v1', '{}', 'system', 'test', '0', zg_now())`;
        check(ctx.tenantId, await ctx.db.selectFrom("kit_event").select("tenantId").limit(20).execute());
        await ctx
          .tx(async (inner) => {
            await note(inner);
            check(ctx.tenantId, await inner.sql`SELECT tenant_id FROM kit_event LIMIT 20`);
            if (round % 5 === 0) throw new Error("no");
          })
          .catch(() => {});
        // What fails half-way must not leave its tenant on the connection.
        if (round % 7 === 0) await expect(ctx.sql`SELECT 1 / 0`).rejects.toThrow(/division by zero/);
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, seed) => client(seed)));
    expect(wrong).toEqual([]);
    expect(checks).toBe(4_000);
  },
);
