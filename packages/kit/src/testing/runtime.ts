import { fileURLToPath } from "node:url";
import type { Kysely } from "kysely";
import { TurnableClock } from "../server/clock.ts";
import { openDatabase } from "../server/database.ts";
import { readEnv } from "../server/env.ts";
import { createLog } from "../server/log.ts";
import type { MigrationFolder } from "../server/migrate/files.ts";
import { kitTables } from "../server/policies.ts";
import { Runtime } from "../server/runtime.ts";
import type { Tables } from "../server/tables.ts";
import { cloneOfTemplate } from "./database.ts";

/** Where the kit's own migrations are. */
export const kitMigrations: readonly MigrationFolder[] = [
  {
    module: "kit",
    folder: fileURLToPath(new URL("../server/migrations", import.meta.url)),
    platformTables: kitTables,
  },
];

export interface OpenRuntime {
  readonly runtime: Runtime;
  readonly clock: TurnableClock;
  readonly db: Kysely<Tables>;
  /** Another process on the same database, by the same clock unless it has its own. */
  second(clock?: TurnableClock): Promise<Runtime>;
  close(): Promise<void>;
}

/** A runtime without modules, on a database of its own: for tests of the kit itself. */
export async function openRuntime(
  clusterUrl: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<OpenRuntime> {
  const database = await cloneOfTemplate(clusterUrl, kitMigrations);
  const clock = new TurnableClock();
  const env = readEnv({
    DATABASE_URL: database.url,
    SECRET_KEY: Buffer.alloc(32, 7).toString("base64"),
    JWT_SECRET: "only-for-tests-only-for-tests-only-for-tests",
    ...variables,
  });
  const opened: Runtime[] = [];
  const open = (by = clock): Runtime => {
    const runtime = new Runtime({
      env,
      clock: by,
      log: createLog("silent"),
      database: openDatabase(database.url),
    });
    opened.push(runtime);
    return runtime;
  };
  const runtime = open();
  return {
    runtime,
    clock,
    db: runtime.unscopedDb(),
    second: async (by) => open(by),
    close: async () => {
      await Promise.all(opened.map((each) => each.stop()));
      await database.drop();
    },
  };
}
