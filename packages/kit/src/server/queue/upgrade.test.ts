import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { expect, inject, test } from "vitest";
import { newId } from "../../contract/ids.ts";
import { cloneOfTemplate } from "../../testing/database.ts";
import { kitMigrations } from "../../testing/runtime.ts";
import { migrate } from "../migrate.ts";

test("what the tables before the queue held goes over: the log, what waited, what was given up, what nobody was told of", async () => {
  const folder = await mkdtemp(join(tmpdir(), "zhanggui-upgrade-"));
  const [kit] = kitMigrations;
  await copyFile(join(kit!.folder, "001_events.sql"), join(folder, "001_events.sql"));
  const database = await cloneOfTemplate(inject("clusterUrl"), [{ module: "kit", folder }]);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const tenantId = newId(new Date());
    // Of this month, whichever it is: what is older lies in one part of the log.
    const today = new Date();
    const month = Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), 2);
    const [done, pending, dead, untold, old] = [month, month + 1, month + 2, month + 3, Date.UTC(2024, 1, 5)].map(
      (atMs, at) => {
        const id = `${atMs.toString(16).padStart(12, "0")}-7000-8000-00000000000${at}`;
        return id.replace(/^(.{8})(.{4})/, "$1-$2");
      },
    );
    const event = (id: string, dispatched: boolean) =>
      client.query(
        `INSERT INTO kit_event VALUES ($1, $2, 'tea.poured.v1', '{"n":1}', 'system', 'x', 'trace', '2026-11-01', $3)`,
        [tenantId, id, dispatched ? new Date() : null],
      );
    for (const id of [done, pending, dead, old]) await event(id!, true);
    await event(untold!, false);
    const delivery = (id: string, state: string, attempts: number) =>
      client.query(
        `INSERT INTO kit_delivery VALUES ($1, $2, 'tea.poured.v1', 'tea.see', $3, $4, 'hot', now(), '2026-11-05')`,
        [tenantId, id, state, attempts],
      );
    await delivery(done!, "done", 2);
    await delivery(old!, "done", 1);
    await delivery(pending!, "pending", 3);
    await delivery(dead!, "dead", 10);
    await client.query("INSERT INTO kit_subscription VALUES ('tea.poured.v1', 'tea.see', now())");

    await migrate(database.url, kitMigrations);

    const rows = async (text: string) => (await client.query<Record<string, unknown>>(text)).rows;
    expect(await rows("SELECT id, handlers FROM kit_event ORDER BY id")).toEqual(
      [old, done, pending, dead, untold].map((id) => ({ id, handlers: ["tea.see"] })),
    );
    expect(await rows("SELECT count(*)::int AS n FROM kit_event_past")).toEqual([{ n: 1 }]);
    expect(await rows("SELECT ref, queue, attempts, retried, last_error, trace_id FROM kit_task ORDER BY seq")).toEqual(
      [
        { ref: pending, queue: "tea.see", attempts: 3, retried: true, last_error: "hot", trace_id: "trace" },
        { ref: untold, queue: "tea.see", attempts: 0, retried: false, last_error: null, trace_id: "trace" },
      ],
    );
    expect(await rows("SELECT ref, queue, attempts, last_error FROM kit_dead")).toEqual([
      { ref: dead, queue: "tea.see", attempts: 10, last_error: "hot" },
    ]);
    expect(await rows("SELECT event_id, handler, attempts FROM kit_handled ORDER BY event_id")).toEqual([
      { event_id: old, handler: "tea.see", attempts: 1 },
      { event_id: done, handler: "tea.see", attempts: 2 },
    ]);
    expect(await rows("SELECT to_regclass('kit_delivery') AS gone")).toEqual([{ gone: null }]);
  } finally {
    await client.end();
    await database.drop();
    await rm(folder, { recursive: true });
  }
});
