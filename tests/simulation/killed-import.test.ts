import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@zhanggui/kit/contract/client";
import { openDatabase } from "@zhanggui/kit/server/database";
import { cloneOfTemplate } from "@zhanggui/kit/testing/database";
import { contracts } from "@zhanggui/server/contracts";
import { migrationFolders } from "@zhanggui/server/migrations";
import { testSecrets } from "@zhanggui/server/testing/test-server";
import { sql } from "kysely";
import { expect, inject, test } from "vitest";
import { freePort } from "../../tools/postgres.ts";
import { patient } from "../setup/patience.ts";
import { startServer } from "../setup/server-process.ts";

/** `IMPORT_ROWS=100000` is the whole proof: five minutes on two cores, too long for every run. */
const rows = Number(process.env["IMPORT_ROWS"] ?? 8_000);
const bad = rows / 100;
const kills = 4;
/** Each restart happens this much later by the server's clock, so that the leases of the dead are over. */
const laterMs = 120_000;

/** Every hundredth has a name that is too long for anybody. */
const isBad = (n: number): boolean => n % (rows / bad) === 0;
const nameOf = (n: number): string => (isBad(n) ? `Guest ${n} ${"x".repeat(60)}` : `Guest ${n}`);

test(
  `kill -9 ${kills} times while ${rows} rows are imported, ${bad} of them bad: exactly the good ones, each once`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "zg-killed-"));
    const database = await cloneOfTemplate(inject("clusterUrl"), migrationFolders());
    const opened = openDatabase(database.url, { max: 2 });
    const db = opened.owner;
    const port = String(await freePort());
    const url = `http://127.0.0.1:${port}`;
    let boots = 0;
    const boot = () =>
      startServer({
        DATABASE_URL: database.url,
        PORT: port,
        PUBLIC_URL: url,
        FILES_DIR: folder,
        CLOCK_OFFSET_MS: String(boots++ * laterMs),
      });
    let server = await boot();
    const visitor = createClient(contracts, { baseUrl: url });
    const signIn = { login: "owner@lantern-tea.example", password: "correct horse battery" };
    await visitor.access.setup({
      ...signIn,
      setupToken: testSecrets.SETUP_TOKEN,
      tenantName: "Lantern Tea",
      displayName: "Owner",
    });
    const { accessToken } = await visitor.access.login(signIn);
    const api = createClient(contracts, { baseUrl: url, headers: () => ({ authorization: `Bearer ${accessToken}` }) });
    const lines = Array.from({ length: rows }, (_, n) => nameOf(n + 1));
    const stream = Buffer.from(`姓名\n${lines.join("\n")}\n`);
    const { id: fileId } = await api.files.upload({ name: "guests.csv", stream, contentType: "text/csv" });
    const { id: importId } = await api.imports.create({ target: "audience.createPerson", fileId, language: "en" });
    const row = () => db.selectFrom("imports_import").selectAll().where("id", "=", importId).executeTakeFirstOrThrow();
    const isReady = async (phase: string): Promise<boolean> => {
      const now = await row();
      return now.phase === phase && now.state === "ready";
    };
    await expect.poll(() => isReady("reading")).toBe(true);
    await api.imports.check({ importId, mapping: ["displayName"] });

    /** Kills it while some is done, and not all: once in the check, then while it imports. */
    const killWithin = async (phase: string, round: number): Promise<void> => {
      const wanted = ((round + 1) * rows) / (kills + 2);
      const done = async () => {
        const now = await row();
        return now.phase === phase ? now.done : 0;
      };
      await expect.poll(done, { timeout: patient(300_000), interval: 20 }).toBeGreaterThan(wanted);
      expect((await row()).done).toBeLessThan(rows);
      await server.kill();
      server = await boot();
    };
    await killWithin("checking", 1);
    await expect.poll(() => isReady("checking"), { timeout: patient(400_000), interval: 100 }).toBe(true);
    expect((await row()).checked).toEqual({ created: rows - bad, updated: 0, skipped: 0, failed: bad });
    expect((await db.selectFrom("audience_person").select("id").limit(1).execute()).length).toBe(0);
    const { accessToken: fresh } = await visitor.access.login(signIn);
    const later = createClient(contracts, { baseUrl: url, headers: () => ({ authorization: `Bearer ${fresh}` }) });
    await later.imports.run({ importId });
    for (let round = 1; round < kills; round += 1) await killWithin("importing", round);
    await expect.poll(async () => (await row()).state, { timeout: patient(400_000), interval: 100 }).toBe("done");

    expect(await row()).toMatchObject({ done: rows, created: rows - bad, failed: bad, updated: 0, skipped: 0 });
    const { rows: names } = await sql<{ displayName: string }>`SELECT display_name FROM audience_person`.execute(db);
    const found = names.map(({ displayName }) => displayName);
    expect(found).toHaveLength(rows - bad);
    expect(new Set(found)).toEqual(new Set(lines.filter((_, index) => !isBad(index + 1))));
    const failed = await db.selectFrom("imports_failure").select("row").orderBy("row").execute();
    // The heads are row 1.
    expect(failed.map((each) => each.row - 1)).toEqual(Array.from({ length: bad }, (_, n) => (n + 1) * (rows / bad)));
    await server.kill();
    await opened.close();
    await database.drop();
    await rm(folder, { recursive: true });
  },
  patient(1_200_000),
);
