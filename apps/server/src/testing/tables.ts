import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { cloneOfTemplate } from "@zhanggui/kit/testing/database";
import { rowTypes } from "@zhanggui/kit/testing/row-types";
import { migrationFolders } from "../migrations.ts";
import { modules } from "../modules.ts";
import pg from "pg";

/** Where each module's row types stand: by module, relative to the checkout. */
const tablesFiles: Readonly<Record<string, string>> = {
  kit: "packages/kit/src/server/kit.tables.ts",
  ...Object.fromEntries(modules.map(({ layer, name }) => [name, `apps/server/src/${layer}/${name}/${name}.tables.ts`])),
};

/** The text of every module's row types, as its migrations make them. Modules without tables have none. */
export async function readRowTypes(clusterUrl: string): Promise<Map<string, string>> {
  const database = await cloneOfTemplate(clusterUrl, migrationFolders());
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const texts = await rowTypes(client, Object.keys(tablesFiles));
    const filled = Object.entries(texts).filter(([, text]) => text !== undefined);
    return new Map(filled.map(([module, text]) => [tablesFiles[module] ?? module, text ?? ""]));
  } finally {
    await client.end();
    await database.drop();
  }
}

/** Writes them. Returns the files. */
export async function writeRowTypes(clusterUrl: string): Promise<string[]> {
  const texts = await readRowTypes(clusterUrl);
  for (const [path, text] of texts)
    await writeFile(fileURLToPath(new URL(`../../../../${path}`, import.meta.url)), text);
  return [...texts.keys()];
}
