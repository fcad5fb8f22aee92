import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, inject, test } from "vitest";
import { readRowTypes } from "./testing/tables.ts";

const root = resolve(import.meta.dirname, "../../..");
/** The formatter may break a line where the generator doesn't. */
const unwrapped = (text: string): string => text.replaceAll(/\s+/g, " ").replaceAll(/: \| /g, ": ");

test("the row types are those of the migrations; if not, run ./zg tables", async () => {
  for (const [path, text] of await readRowTypes(inject("clusterUrl"))) {
    expect(unwrapped(await readFile(resolve(root, path), "utf8")), path).toBe(unwrapped(text));
  }
});
