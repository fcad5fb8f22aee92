import { Injectable } from "@nestjs/common";
import type { Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Declarations } from "@zhanggui/kit/server/declarations";
import type { Query } from "@zhanggui/kit/server/query";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { type SlowQuery, slowestQueries } from "@zhanggui/kit/server/slow-queries";
import type { operations } from "./operations.contract.ts";

type View = Out<typeof operations.getOverview>;

/** Nobody reads more of them on a page; `main.js slow-queries` tells a hundred. */
const mostSlow = 20;
const longestText = 600;
const dayMs = 86_400_000;

/** How the whole server is, over all tenants. */
@Injectable()
export class OverviewOfPlatform {
  constructor(
    private readonly runtime: Runtime,
    private readonly declarations: Declarations,
  ) {}

  get(ctx: Ctx): Promise<View> {
    return this.runtime.ownerTransaction(async ({ query }) => ({
      ...(await database(query)),
      versions: await versions(query, this.declarations.version),
      queues: await query<View["queues"][number]>(queuesText, [ctx.now()]),
      tables: await query<View["tables"][number]>(tablesText),
      retentions: this.declarations.retentions.map(({ setting: { key, text, default: days } }) => ({
        key,
        ...text,
        days,
      })),
      slowQueries: (await slowestQueries(query, new Date(ctx.now().getTime() - dayMs))).slice(0, mostSlow).map(shown),
    }));
  }
}

async function versions(query: Query, product: string): Promise<View["versions"]> {
  const [row] = await query<{ postgres: string; migrations: number; last: string | null }>(
    `SELECT current_setting('server_version') AS postgres, count(*)::int AS migrations,
       (SELECT module || '/' || name FROM kit_migration
        ORDER BY applied_at DESC, module DESC, name DESC LIMIT 1) AS last
     FROM kit_migration`,
  );
  const { postgres = "", migrations = 0, last = "" } = row ?? {};
  return { product, node: process.version, postgres, migrations, lastMigration: last ?? "" };
}

async function database(query: Query): Promise<Pick<View, "connections" | "databaseBytes">> {
  const [row] = await query<{ used: number; most: number; bytes: number }>(
    `SELECT (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
       current_setting('max_connections')::int AS most, pg_database_size(current_database())::float8 AS bytes`,
  );
  const { used = 0, most = 0, bytes = 0 } = row ?? {};
  return { connections: { used, most }, databaseBytes: bytes };
}

function shown({ at, durationMs, lockMs, rows, text }: SlowQuery): View["slowQueries"][number] {
  return { at, durationMs, lockMs, rows, text: text.replaceAll(/\s+/g, " ").trim().slice(0, longestText) };
}

/** Ages by the ids of what tasks are about, which begin with their time; `due_at` is set for what comes later. */
const queuesText = `
WITH waiting AS (
  SELECT queue, count(*) FILTER (WHERE due_at IS NULL OR attempts > 0)::int AS waiting,
    count(*) FILTER (WHERE due_at IS NOT NULL AND attempts = 0)::int AS later,
    min(ref::text COLLATE "C") FILTER (WHERE due_at IS NULL AND queue <> 'kit.schedules') AS oldest
  FROM kit_task GROUP BY queue
), dead AS (
  SELECT queue, count(*)::int AS dead FROM kit_dead GROUP BY queue
)
SELECT queue AS name, coalesce(waiting, 0) AS waiting, coalesce(later, 0) AS "dueLater", coalesce(dead, 0) AS dead,
  CASE WHEN oldest IS NOT NULL THEN greatest(0, extract(epoch FROM $1::timestamptz)
    - ('x' || left(replace(oldest, '-', ''), 12))::bit(48)::bigint / 1000.0)::int END AS "oldestSeconds"
FROM waiting FULL JOIN dead USING (queue) ORDER BY oldest NULLS LAST, queue`;

const tablesText = `
SELECT parent.relname AS name, sum(pg_total_relation_size(part.oid))::float8 AS bytes,
  CASE WHEN bool_or(part.reltuples >= 0) THEN sum(greatest(part.reltuples, 0))::float8 END AS rows,
  count(*) FILTER (WHERE part.oid <> parent.oid)::int AS partitions
FROM pg_class parent
JOIN LATERAL (SELECT relid FROM pg_partition_tree(parent.oid) UNION SELECT parent.oid) AS tree ON true
JOIN pg_class part ON part.oid = tree.relid AND part.relkind = 'r'
WHERE parent.relnamespace = 'public'::regnamespace AND parent.relkind IN ('r', 'p') AND NOT parent.relispartition
GROUP BY parent.relname ORDER BY bytes DESC, name`;
