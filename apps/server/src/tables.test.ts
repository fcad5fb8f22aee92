import { readdir, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, inject, test } from "vitest";
import { pagesFolder, readFromMigrations } from "./testing/tables.ts";

const root = resolve(import.meta.dirname, "../../..");
/** The formatter may break a line, or widen a table, where the generator doesn't. */
const unwrapped = (text: string): string =>
  text
    .replaceAll(/\s+/g, " ")
    .replaceAll(/(?<=<) | (?=>)/g, "")
    .replaceAll(/: \| /g, ": ")
    .replaceAll(/-{3,}/g, "---")
    .trim();

test("row types and docs/database are those of the migrations; if not, run ./zg tables", async () => {
  const made = await readFromMigrations(inject("clusterUrl"));
  for (const [path, text] of made) {
    expect(unwrapped(await readFile(resolve(root, path), "utf8")), path).toBe(unwrapped(text));
  }
  // A module that has gone takes its page along.
  const pages = (await readdir(resolve(root, pagesFolder))).map((name) => `${pagesFolder}/${name}`);
  expect(pages.toSorted()).toEqual([...made.keys()].filter((path) => path.startsWith(pagesFolder)).toSorted());
});
