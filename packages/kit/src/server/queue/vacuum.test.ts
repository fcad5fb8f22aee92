import pg from "pg";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { openRuntime, type OpenRuntime } from "../../testing/runtime.ts";
import { createLog } from "../log.ts";
import type { Query } from "../query.ts";
import { TaskVacuum } from "./vacuum.ts";

let open: OpenRuntime;
let client: pg.Client;
let sent: string[];
const query: Query = async <Row extends object>(text: string) => {
  sent.push(text);
  return (await client.query<Row>(text)).rows;
};

beforeEach(async () => {
  open = await openRuntime(inject("clusterUrl"));
  client = new pg.Client({ connectionString: open.runtime.env.DATABASE_URL });
  await client.connect();
  sent = [];
});
afterEach(async () => {
  await client.end();
  await open.close();
});

test("the queue's tables are vacuumed once many tasks were deleted, and then not before as many were again", async () => {
  const vacuum = new TaskVacuum(query, createLog("silent"));
  vacuum.noteDeleted(19_999);
  expect(sent).toEqual([]);
  vacuum.noteDeleted(1);
  vacuum.noteDeleted(20_000);
  await vacuum.end();
  expect(sent).toHaveLength(1);
  const vacuumed = async () => {
    const text = "SELECT relname FROM pg_stat_user_tables WHERE vacuum_count > 0 ORDER BY relname";
    return (await client.query<{ relname: string }>(text)).rows.map(({ relname }) => relname);
  };
  await expect.poll(vacuumed).toEqual(["kit_lane", "kit_task"]);
  vacuum.noteDeleted(1);
  await vacuum.end();
  expect(sent).toHaveLength(2);
});

test("a table that somebody holds is passed over, and a database that is away stops nothing", async () => {
  const holder = new pg.Client({ connectionString: open.runtime.env.DATABASE_URL });
  await holder.connect();
  await holder.query("BEGIN; LOCK TABLE kit_task IN SHARE ROW EXCLUSIVE MODE");
  const vacuum = new TaskVacuum(query, createLog("silent"));
  vacuum.noteDeleted(20_000);
  await expect(vacuum.end()).resolves.toBeUndefined();
  await holder.end();
  const without = new TaskVacuum(() => Promise.reject(new Error("away")), createLog("silent"));
  without.noteDeleted(20_000);
  await expect(without.end()).resolves.toBeUndefined();
});
