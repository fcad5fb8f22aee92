import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { cloneOfTemplate } from "@zhanggui/kit/testing/database";
import { databasePages } from "@zhanggui/kit/testing/database-pages";
import { rowTypes } from "@zhanggui/kit/testing/row-types";
import { migrationFolders } from "../migrations.ts";
import { modules } from "../modules.ts";
import pg from "pg";

/** Where each module's row types stand: by module, relative to the checkout. */
const tablesFiles: Readonly<Record<string, string>> = {
  kit: "packages/kit/src/server/kit.tables.ts",
  ...Object.fromEntries(modules.map(({ layer, name }) => [name, `apps/server/src/${layer}/${name}/${name}.tables.ts`])),
};
/** Where what its tables hold is told. */
export const pagesFolder = "docs/database";

/** What is made from the migrations, by its file: every module's row types and page. Without tables: none. */
export async function readFromMigrations(clusterUrl: string): Promise<Map<string, string>> {
  const database = await cloneOfTemplate(clusterUrl, migrationFolders());
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const names = Object.keys(tablesFiles);
    const types = Object.entries(await rowTypes(client, names)).map(
      ([module, text]) => [tablesFiles[module] ?? module, text] as const,
    );
    const pages = Object.entries(await databasePages(client, names)).map(
      ([module, text]) => [`${pagesFolder}/${module}.md`, text] as const,
    );
    return new Map([...types, ...pages].flatMap(([path, text]) => (text === undefined ? [] : [[path, text]])));
  } finally {
    await client.end();
    await database.drop();
  }
}

/** Writes it. Returns the files. */
export async function writeFromMigrations(clusterUrl: string): Promise<string[]> {
  const texts = await readFromMigrations(clusterUrl);
  for (const [path, text] of texts) {
    const file = fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return [...texts.keys()];
}
