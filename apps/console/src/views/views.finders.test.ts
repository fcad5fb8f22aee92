import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { contracts } from "@zhanggui/server/contracts";
import { pages } from "../pages.ts";

const source = join(import.meta.dirname, "..");

/** The lists that pages show, as their templates say. */
function listsOfPages(): string[] {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith("Page.vue"));
  const shown = files.flatMap((file) => {
    const [, module = "", key = ""] =
      /<ListPage\b[^>]*?:call="api\.(\w+)\.(\w+)"/.exec(readFileSync(join(source, file), "utf8")) ?? [];
    return module === "" ? [] : [`${module}.${key}`];
  });
  return shown.toSorted();
}

test("the palette leads to a saved view of every list that has a page", () => {
  expect(pages.flatMap(({ list = [] }) => list).toSorted()).toEqual(listsOfPages());
  expect(listsOfPages()).toContain(contracts.audience.listPeople.id);
});
