import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { contracts } from "@zhanggui/server/contracts";
import { pages } from "../pages.ts";

const source = join(import.meta.dirname, "..");

/** The lists that pages show, as their templates and declarations say; one that is part of another thing has no views. */
function listsOfPages(): string[] {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" });
  const shown = files.flatMap((file) => {
    const pattern = file.endsWith("Page.vue")
      ? /<ListPage\b(?![^>]*:fixed)[^>]*?:call="api\.(\w+)\.(\w+)"/
      : file.endsWith(".resource.ts")
        ? /module: "(\w+)",\s+list: "(\w+)"/
        : undefined;
    const [, module, key] = pattern?.exec(readFileSync(join(source, file), "utf8")) ?? [];
    return module === undefined || key === undefined ? [] : [`${module}.${key}`];
  });
  return shown.toSorted();
}

test("the palette leads to a saved view of every list that has a page", () => {
  expect(pages.flatMap(({ list = [] }) => list).toSorted()).toEqual(listsOfPages());
  expect(listsOfPages()).toContain(contracts.audience.listPeople.id);
});
