import { createClient } from "@zhanggui/kit/contract/client";
import { newId } from "@zhanggui/kit/contract/ids";
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

const people = 6_000;
const kills = 8;
/** Each restart happens this much later by the server's clock, so that the leases of the dead are over. */
const laterMs = 120_000;

test(
  `kill -9 ${kills} times while the server tags ${people} people by itself: each once, and none is left out`,
  async () => {
    const database = await cloneOfTemplate(inject("clusterUrl"), migrationFolders());
    const opened = openDatabase(database.url, { max: 2 });
    const db = opened.owner;
    const port = String(await freePort());
    const url = `http://127.0.0.1:${port}`;
    let boots = 0;
    const boot = () =>
      startServer({ DATABASE_URL: database.url, PORT: port, CLOCK_OFFSET_MS: String(boots++ * laterMs) });
    let server = await boot();
    const visitor = createClient(contracts, { baseUrl: url });
    const { me, accessToken } = await visitor.access.setup({
      setupToken: testSecrets.SETUP_TOKEN,
      tenantName: "Lantern Tea",
      login: "owner@lantern-tea.example",
      displayName: "Owner",
      password: "correct horse battery",
    });
    const headers = () => ({ authorization: `Bearer ${accessToken}` });
    const api = createClient(contracts, { baseUrl: url, headers });
    await sql`INSERT INTO audience_person (tenant_id, display_name, first_seen_at, last_seen_at)
      SELECT ${me.tenant.id}, 'Guest ' || n, now(), now() FROM generate_series(1, ${people}) n`.execute(db);
    const count = async (table: string): Promise<number> =>
      (await sql<{ n: number }>`SELECT count(*)::int AS n FROM ${sql.table(table)}`.execute(db)).rows[0]?.n ?? 0;

    const { run: runId = newId(new Date()) } = await api.audience.tagPeople({
      all: true,
      handOver: true,
      name: "老客",
    });
    let seen = 0;
    for (let round = 0; round < kills; round += 1) {
      // Some of it is done, and not all.
      const before = seen;
      await expect.poll(async () => (seen = await count("audience_person_tag"))).toBeGreaterThan(before);
      expect(seen).toBeLessThan(people);
      await server.kill();
      server = await boot();
    }
    const state = async () =>
      (await db.selectFrom("work_run").select("state").where("id", "=", runId).executeTakeFirstOrThrow()).state;
    await expect.poll(state, { timeout: patient(120_000), interval: 100 }).toBe("done");
    const run = await db.selectFrom("work_run").selectAll().where("id", "=", runId).executeTakeFirstOrThrow();
    expect(run).toMatchObject({ done: people, failed: 0, gone: 0, passed: {}, expected: people });
    // What it counted is what it did: a step that was done twice would have passed over whom it had tagged.
    expect(await count("audience_person_tag")).toBe(people);
    expect(await count("audience_timeline")).toBe(people);
    expect(await count("notifications_notice")).toBe(1);
    await server.kill();
    await opened.close();
    await database.drop();
  },
  patient(400_000),
);
