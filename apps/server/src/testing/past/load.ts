import { copyFrom } from "@zhanggui/kit/server/copy";
import { customMessageLimits } from "@zhanggui/wechat/calls/custom-messages";
import pg from "pg";
import type { Cursor } from "@zhanggui/kit/server/migrate/backfill";
import { demoLogins } from "../../foundation/access/demo-logins.ts";
import { backfill } from "../../engines/connect/migrations/010_conversations.ts";
import type { Lived } from "./live.ts";
import type { Shop } from "./ledger.ts";
import type { Row } from "./rows.ts";

/** In the order that the tables' keys want. */
const tables = [
  "connect_inbound",
  "kit_event",
  "kit_handled",
  "kit_job",
  "kit_dead",
  "audience_tag",
  "audience_person",
  "audience_identity",
  "audience_person_tag",
  "audience_timeline",
  "messaging_delivery",
  "messaging_step",
  "messaging_receipt",
] as const;
/** What was set up a moment ago has been there for as long as the past. */
const opened = ["access_account", "connect_app", "connect_channel", "messaging_rule", "messaging_scene"] as const;

/**
 * Puts a past into the database of the demonstration, in one transaction: all of it or nothing. As the owner, for it
 * writes what many transactions of the tenant's wrote; the tables' triggers count as they always do.
 *
 * @throws Error for a tenant that isn't the demonstration's, and for one where somebody has been already
 */
export async function load(databaseUrl: string, { tenantId }: Shop, lived: Lived, openedAt: Date): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("BEGIN");
    await refuseOthers(client, tenantId);
    for (const table of tables) await copy(client, table, lived.rows.of(table));
    await converse(client, tenantId);
    for (const [rule, count] of lived.answered) {
      const counted = "UPDATE messaging_rule SET answered = answered + $3 WHERE tenant_id = $1 AND id = $2";
      await client.query(counted, [tenantId, rule, count]);
    }
    for (const table of opened) {
      // Those that are shown in the order in which they were made keep it.
      const back = `UPDATE ${table} SET created_at = $2::timestamptz + (created_at - min) FROM (
        SELECT min(created_at) AS min FROM ${table} WHERE tenant_id = $1) first WHERE tenant_id = $1`;
      await client.query(back, [tenantId, openedAt]);
    }
    await client.query("UPDATE messaging_scene_version SET created_at = $2 WHERE tenant_id = $1", [tenantId, openedAt]);
    await client.query("COMMIT");
    // Made as one, these tables have no figures yet that a plan could go by.
    for (const table of tables) await client.query(`ANALYZE ${table}`);
  } finally {
    await client.end();
  }
}

/**
 * Who wrote, as the back-fill makes it of a database that knows no conversations. Who wrote long ago can't be answered
 * any more: the schedule noted it, time and again.
 */
async function converse(client: pg.Client, tenantId: string): Promise<void> {
  const query = async <Row>(text: string, values: readonly unknown[] = []) =>
    (await client.query(text, [...values])).rows as Row[];
  for (let after: Cursor | null | undefined = null; after !== undefined;) after = await backfill({ query }, after);
  const missed = `UPDATE connect_conversation SET state = 'missed', waiting_since = NULL
    WHERE tenant_id = $1 AND state = 'waiting' AND last_at < (
      SELECT max(received_at) - make_interval(secs => $2) FROM connect_inbound WHERE tenant_id = $1)`;
  await client.query(missed, [tenantId, customMessageLimits.windowSeconds]);
}

/** @throws Error for a tenant that isn't the demonstration's, and for one where somebody has been already */
export async function refuseOthers(client: pg.Client, tenantId: string): Promise<void> {
  await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`past ${tenantId}`]);
  const logins = demoLogins.map(({ login }) => login);
  const { rows } = await client.query<{ demo: boolean; people: boolean }>(
    `SELECT $2::text[] <@ (SELECT array_agg(login) FROM access_account WHERE tenant_id = $1) AS demo,
       EXISTS (SELECT FROM audience_person WHERE tenant_id = $1) AS people`,
    [tenantId, logins],
  );
  if (rows[0]?.demo !== true) throw new Error("Only the demonstration can be given a past.");
  if (rows[0].people) throw new Error("Somebody has been here already: the past comes first, and once.");
}

async function copy(client: pg.Client, table: string, rows: readonly Row[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  if (columns.length === 0) return;
  const values = rows.map((row) => columns.map((column) => row[column] ?? null));
  await copyFrom({ client, opened: async () => {} }, table, columns, values);
}
