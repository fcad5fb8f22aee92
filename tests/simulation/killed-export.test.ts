import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@zhanggui/kit/contract/client";
import { openDatabase } from "@zhanggui/kit/server/database";
import { cloneOfTemplate } from "@zhanggui/kit/testing/database";
import { unzip } from "@zhanggui/kit/testing/unzip";
import { contracts } from "@zhanggui/server/contracts";
import { migrationFolders } from "@zhanggui/server/migrations";
import { testSecrets } from "@zhanggui/server/testing/test-server";
import { sql } from "kysely";
import { expect, inject, test } from "vitest";
import { freePort } from "../../tools/postgres.ts";
import { patient } from "../setup/patience.ts";
import { startServer } from "../setup/server-process.ts";

const people = 80_000;
const kills = 4;
/** Each restart happens this much later by the server's clock, so that the leases of the dead are over. */
const laterMs = 120_000;

test(
  `kill -9 ${kills} times while a list of ${people} becomes a workbook: each row once, and no byte is left behind`,
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
    const { me, accessToken } = await visitor.access.setup({
      setupToken: testSecrets.SETUP_TOKEN,
      tenantName: "Lantern Tea",
      login: "owner@lantern-tea.example",
      displayName: "Owner",
      password: "correct horse battery",
    });
    const api = createClient(contracts, { baseUrl: url, headers: () => ({ authorization: `Bearer ${accessToken}` }) });
    await sql`INSERT INTO audience_person (tenant_id, display_name, first_seen_at, last_seen_at)
      SELECT ${me.tenant.id}, 'Guest ' || n, now(), now() FROM generate_series(1, ${people}) n`.execute(db);
    const { id } = await api.exports.create({ list: "audience.listPeople", columns: ["displayName"] });
    const row = () => db.selectFrom("exports_export").selectAll().where("id", "=", id).executeTakeFirstOrThrow();

    let seen = 0;
    for (let round = 0; round < kills; round += 1) {
      // Some of it is made, and not all.
      const before = seen;
      await expect.poll(async () => (seen = (await row()).rows), { interval: 5 }).toBeGreaterThan(before);
      expect(seen).toBeLessThan(people);
      await server.kill();
      server = await boot();
    }
    await expect.poll(async () => (await row()).state, { timeout: patient(120_000), interval: 50 }).toBe("done");
    const { url: link } = await api.exports.download({ exportId: id });
    const book = unzip(Buffer.from(await (await fetch(link)).arrayBuffer()));
    const names = book.get("xl/worksheets/sheet1.xml")?.match(/Guest \d+(?=<)/g) ?? [];
    expect(names).toHaveLength(people);
    expect(new Set(names).size).toBe(people);
    await api.exports.delete({ exportId: id });
    const left = async () =>
      (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) => each.isFile());
    await expect
      .poll(async () => (await left()).filter(({ parentPath }) => !parentPath.endsWith(".incoming")))
      .toEqual([]);
    await server.kill();
    await opened.close();
    await database.drop();
    await rm(folder, { recursive: true });
  },
  patient(400_000),
);
