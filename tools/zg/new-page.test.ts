import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parseRequest } from "./arguments.ts";
import { assertPage, factsOf, pageOf } from "./new-page.ts";

const root = resolve(import.meta.dirname, "../..");
const template = await readFile(join(import.meta.dirname, "templates/page.md"), "utf8");
const pagesOf = (module: string) => readFile(join(root, `apps/console/src/${module}/${module}.pages.ts`), "utf8");

test("the command takes a module, a name and perhaps a list, and says what would be right", () => {
  expect(parseRequest(["new", "page", "links/archive"])).toEqual({
    command: "new",
    page: { module: "links", name: "archive" },
  });
  expect(parseRequest(["new", "page", "links/archive", "--list", "list"])).toEqual({
    command: "new",
    page: { module: "links", name: "archive", list: "list" },
  });
  for (const words of [[], ["links"], ["links/"], ["/x"], ["a/b/c"]])
    expect(() => parseRequest(["new", "page", ...words])).toThrow("./zg new page <module>/<name>");
  expect(() => parseRequest(["new", "page", "links/x", "--listt", "y"])).toThrow("it takes --list");
});

test.each([
  ["links", "Archive", "lower-case letters"],
  ["links", "../x", "lower-case letters"],
  ["links", "x".repeat(31), "at most 30 characters"],
  ["links", "deliveries", 'There is a page called "deliveries" already'],
  ["links", "home", 'There is a page called "home" already'],
  ["nowhere", "archive", 'There is no module "nowhere"'],
  ["../links", "archive", 'There is no module "../links"'],
])("%s/%s is refused with a sentence", async (module, name, sentence) => {
  await expect(assertPage({ module, name }, root)).rejects.toThrow(sentence);
});

test("a list that there isn't is refused, and so is one of something: the sentence names those that can be", async () => {
  const facts = (module: string, list: string) => factsOf({ module, name: "x", list }, root);
  await expect(facts("messaging", "nothing")).rejects.toThrow(
    "Its lists are: listRules, listScenes, listDeliveries, listConversations",
  );
  await expect(facts("settings", "list")).rejects.toThrow("It has no list");
});

test("the page of a list has its words, its right and the form that adds a row", async () => {
  const page = { module: "links", name: "short-ones", list: "list" };
  const facts = await factsOf(page, root);
  expect(facts).toMatchObject({ needs: "linksRead", create: "create", noun: { plural: "short links" } });
  const { view, manifest } = pageOf(template, page, facts, await pagesOf("links"));
  expect(view).toContain(`creates(api.links.create, { title: { zh: "新建短链接", en: "New short link" } })`);
  expect(view).toContain(`<ListPage :call="api.links.list" :create="create" />`);
  expect(manifest).toContain(`path: "growth/short-ones"`);
  expect(manifest).toContain(`view: () => import("./ShortOnesPage.vue")`);
  // Behind the module's other page; what was imported before is imported once.
  expect(manifest).toContain(`menu: { group: "growth", order: 3, icon: "link" }`);
  expect(manifest.match(/linksRead, linksWrite \} from/g)).toHaveLength(1);
  expect(manifest.startsWith((await pagesOf("links")).slice(0, 300))).toBe(true);
  expect(view + manifest).not.toMatch(/sample|thing|东西/i);
});

test("a page with nothing on it says so, and the first page of a module makes its list of pages", async () => {
  const page = { module: "views", name: "shared-views" };
  const { view, manifest } = pageOf(template, page, await factsOf(page, root), undefined);
  expect(view).toContain("<EmptyState");
  expect(manifest).toContain(`title: { zh: "shared views 页面", en: "Shared views" }`);
  expect(manifest).toContain(`import type { Page } from "../common/pages.ts";`);
  expect(manifest).toContain(`menu: { group: "growth", order: 90, icon: "tag" }`);
  // Views are anybody's who is signed in.
  expect(manifest).not.toContain("needs:");
  expect(view + manifest).not.toMatch(/sample|thing|东西/i);
});
