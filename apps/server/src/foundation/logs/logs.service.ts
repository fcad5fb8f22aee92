import { Injectable } from "@nestjs/common";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { platformTenantId } from "@zhanggui/kit/server/queue/definition";
import { queryCancelled, sqlStateOf } from "@zhanggui/kit/server/sql-state";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { sql, type SqlBool } from "kysely";
import { Tenants } from "../access/tenants.ts";
import { logs, logsAll, searchedHours, searchSeconds, searchTooLong } from "./logs.contract.ts";

/** Lines of the log, as people look for them. */
@Injectable()
export class LogsService {
  constructor(
    private readonly runtime: Runtime,
    private readonly tenants: Tenants,
  ) {}

  /** @throws Fault `logs.search_too_long` for words that a statement's time isn't enough to find */
  async list(asking: Ctx, query: Flat<typeof logs.list>): Promise<Out<typeof logs.list>> {
    const seesAll = asking.actor.permissions.has(logsAll.code);
    if (query.text === undefined)
      return this.#lines(seesAll ? withDb(asking, this.runtime.unscopedDb()) : asking, query, seesAll);
    const given = withinADay(asking, query);
    try {
      const limit = { statementTimeoutMs: searchSeconds * 1000 };
      if (!seesAll) return await asking.tx((ctx) => this.#lines(ctx, given, seesAll), limit);
      return await this.runtime
        .unscopedDb()
        .transaction()
        .execute(async (db) => {
          await giveUpSoon.execute(db);
          return this.#lines(withDb(asking, db), given, seesAll);
        });
    } catch (error) {
      throw sqlStateOf(error) === queryCancelled ? searchTooLong({ seconds: searchSeconds }, { cause: error }) : error;
    }
  }

  async #lines(ctx: Ctx, query: Flat<typeof logs.list>, seesAll: boolean): Promise<Out<typeof logs.list>> {
    const rows = ctx.db
      .selectFrom("logs_line")
      .select(["id", "at", "level", "module", "message", "traceId", "fields", "tenantId"]);
    return listOf(ctx, logs.list, query, rows, {
      filters: {
        text: (_rows, text) => {
          const part = `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
          return sql<SqlBool>`(item.message ILIKE ${part} OR item.fields::text ILIKE ${part})`;
        },
      },
      present: async (lines) => {
        const names = seesAll ? await this.#namesOf(lines.map(({ tenantId }) => tenantId)) : new Map<string, string>();
        return lines.map(({ tenantId, ...line }) => ({ ...line, tenant: names.get(tenantId) ?? null }));
      },
    });
  }

  async #namesOf(tenantIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const ids = [...new Set(tenantIds)].filter((id) => id !== platformTenantId);
    return this.tenants.namesOf(ids);
  }
}

/** For the rest of the transaction. */
const giveUpSoon = sql`SELECT set_config('statement_timeout', ${String(searchSeconds * 1000)}, true)`;

/** The asking ctx, but that it reads as the owner: of whoever holds the permission over all tenants alone. */
function withDb(ctx: Ctx, db: Ctx["db"]): Ctx {
  return Object.create(ctx, { db: { get: () => db } }) as Ctx;
}

/** A beginning for words that are looked for without one: no index serves them. A trace has few lines anyway. */
function withinADay(ctx: Ctx, query: Flat<typeof logs.list>): Flat<typeof logs.list> {
  const { at = {}, traceId } = query;
  if (traceId !== undefined || at.gte !== undefined || at.gt !== undefined) return query;
  const until = at.lt ?? at.lte;
  const endMs = until === undefined ? ctx.now().getTime() : Date.parse(until);
  return { ...query, at: { ...at, gte: new Date(endMs - searchedHours * 3_600_000).toISOString() } };
}
