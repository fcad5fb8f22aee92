import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MigrationFolder } from "@zhanggui/kit/server/migrate/files";
import { auditedBy } from "@zhanggui/kit/contract/route";
import { kitTables } from "@zhanggui/kit/server/policies";
import { contracts } from "./contracts.ts";
import { modules } from "./modules.ts";

const here = dirname(fileURLToPath(import.meta.url));
const built = join(here, "migrations");

/** Where the migrations are: beside their modules in the sources, gathered in one folder in the build. */
export function migrationFolders(): MigrationFolder[] {
  const inBuild = existsSync(built);
  const kit = inBuild
    ? join(built, "kit")
    : fileURLToPath(import.meta.resolve("@zhanggui/kit/server/migrate")).replace(/migrate\.ts$/, "migrations");
  const folders = modules
    .map(({ name, layer, platformTables = {} }) => ({
      module: name,
      platformTables,
      audited: auditedBy(contracts[name as keyof typeof contracts]),
      folder: inBuild ? join(built, name) : join(here, layer, name, "migrations"),
    }))
    .filter(({ folder }) => existsSync(folder));
  return [{ module: "kit", folder: kit, platformTables: kitTables }, ...folders];
}
