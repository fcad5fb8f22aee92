import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Route } from "@zhanggui/kit/contract/route";
import { layers } from "./blocks.ts";
import { run } from "./commands.ts";
import { capital } from "./new.ts";
import { inRoot, root } from "./paths.ts";
import { Problem } from "./problem.ts";
import type { Progress } from "./progress.ts";
import { setUp } from "./setup.ts";

/*
 * `./zg new page`: the page of a list that a module's contract has, or one with nothing on it yet. Titles, the right
 * that it takes and the form that adds a row come from the contract, so that what is written is at home at once.
 */

export interface NewPage {
  readonly module: string;
  /** Of the page, its address and its file: `spare-parts` is `SparePartsPage.vue`. */
  readonly name: string;
  /** The key of a list in the module's contract; undefined for a page with nothing on it. */
  readonly list?: string;
}

/** What a page takes from the contract. */
export interface Facts {
  /** The contract's file, as the console imports it. */
  readonly from: string;
  /** The name of the permission that the page needs; undefined where it suffices to be signed in. */
  readonly needs?: string;
  readonly noun?: { readonly zh: string; readonly en: string; readonly plural: string };
  /** The key of the route that adds a row. */
  readonly create?: string;
}

const longestName = 30;

/** Writes a page of the console, and its entry in the module's list of pages. */
export async function newPage(page: NewPage, progress: Progress): Promise<number> {
  const template = await readFile(join(import.meta.dirname, "templates/page.md"), "utf8");
  await assertPage(page, root);
  // As in check.ts: a copy of the project shares its dependencies with the original.
  if (process.env["ZG_PREPARED"] !== "1") await setUp(progress);
  const facts = await factsOf(page, root);
  const folder = `apps/console/src/${page.module}`;
  const [manifest, view] = [`${folder}/${page.module}.pages.ts`, `${folder}/${pascal(page.name)}Page.vue`];
  const before = existsSync(inRoot(manifest)) ? await readFile(inRoot(manifest), "utf8") : undefined;
  const made = pageOf(template, page, facts, before);
  await mkdir(inRoot(folder), { recursive: true });
  await writeFile(inRoot(view), made.view);
  await writeFile(inRoot(manifest), made.manifest);
  await run("oxfmt", [inRoot(view), inRoot(manifest)]);
  progress.say(`${view}\n${manifest}\n`);
  progress.say("Next: its title in both languages and its place in the menu, in the entry. docs/MODULE.md shows what");
  progress.say("else a page may have. ./zg check, and ./zg test journeys/smoke opens it with all others.");
  return 0;
}

/** @throws Problem for a name that can't be or that another page has, and for a module that there isn't */
export async function assertPage({ module, name }: NewPage, folder: string): Promise<void> {
  if (!new RegExp(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`).test(name) || name.length > longestName) {
    throw new Problem(
      `A page's name is of lower-case letters, with - between words, and at most ${longestName} characters long; ` +
        `"${name}" isn't.`,
    );
  }
  contractFile(module, folder);
  const console = join(folder, "apps/console/src");
  const files = (await readdir(console, { recursive: true })).filter((path) => path.endsWith(".pages.ts"));
  // The router has these of its own.
  const taken = new Set(["home", "login", "invitation", "forbidden", "not-found"]);
  for (const file of files)
    for (const [, other = ""] of (await readFile(join(console, file), "utf8")).matchAll(/\bname: "([^"]+)"/g))
      taken.add(other);
  if (taken.has(name)) throw new Problem(`There is a page called "${name}" already.`);
  const view = `apps/console/src/${module}/${pascal(name)}Page.vue`;
  if (existsSync(join(folder, view))) throw new Problem(`There is ${view} already.`);
}

/** What the page shows and needs, by the module's contract. @throws Problem for a list that there isn't */
export async function factsOf({ module, list }: NewPage, folder: string): Promise<Facts> {
  const file = contractFile(module, folder);
  const exported: Record<string, unknown> = await import(pathToFileURL(join(folder, file)).href);
  const routes = Object.values(exported[module] ?? {}) as Route[];
  const named = (id: string) => routes.find((route) => route.id === `${module}.${id}`);
  const shown = list === undefined ? routes[0] : named(list);
  const keyOf = ({ id }: Route): string => id.slice(module.length + 1);
  if (list !== undefined && (shown?.list === undefined || shown.params !== undefined)) {
    const lists = routes.filter((route) => route.list !== undefined && route.params === undefined).map(keyOf);
    const has = lists.length === 0 ? "It has no list" : `Its lists are: ${lists.join(", ")}`;
    throw new Problem(`The contract of ${module} has no list "${list}" that a page can show by itself. ${has}.`);
  }
  const needs = Object.entries(exported).find(([, value]) => value === shown?.access && typeof value === "object")?.[0];
  const create = routes.find(({ method, path, body }) => method === "post" && path === shown?.path && body && list);
  return {
    from: file.replace("apps/server/src", "@zhanggui/server").replace(/\.ts$/, ""),
    ...(needs === undefined ? {} : { needs }),
    ...(list === undefined || shown?.list === undefined ? {} : { noun: shown.list.noun }),
    ...(create === undefined ? {} : { create: keyOf(create) }),
  };
}

/**
 * The page's file, and the module's list of pages with the new entry.
 *
 * @param manifest the list of pages as it is; undefined if the module has none
 */
export function pageOf(
  template: string,
  { module, name, list }: NewPage,
  { from, needs, noun, create }: Facts,
  manifest: string | undefined,
): { view: string; manifest: string } {
  const section = list === undefined ? "empty" : create === undefined ? "list" : "list with a form";
  const words = name.replaceAll("-", " ");
  const own = (text: string): string =>
    text
      .replaceAll("samples.listThings", `${module}.${list}`)
      .replaceAll("addThing", create ?? "")
      .replaceAll("samplesRead", needs ?? "")
      .replaceAll("ThingsPage", `${pascal(name)}Page`)
      .replaceAll("Things", capital(noun?.plural ?? words))
      .replaceAll("things", name)
      .replaceAll("thing", noun?.en ?? words)
      .replaceAll("东西列表", noun?.zh ?? `${words} 页面`)
      .replaceAll("东西", noun?.zh ?? words)
      .replaceAll("samples", module);
  const entry = own(
    blockOf(template, "entry")
      .split("\n")
      .filter((line) => !(line.includes("needs:") && needs === undefined))
      .filter((line) => !(line.includes("list:") && list === undefined))
      .join("\n"),
  );
  return { view: own(blockOf(template, section)), manifest: withEntry(manifest, entry, needs, from) };
}

/** Enters a page behind the module's others, in the menu below the last of them. */
function withEntry(manifest: string | undefined, entry: string, needs: string | undefined, from: string): string {
  const empty = `import type { Page } from "../common/pages.ts";\n\nexport const pages: readonly Page[] = [\n];\n`;
  const list = manifest ?? empty;
  const places = [...list.matchAll(/group: "(\w+)", order: (\d+), icon: "(\w+)"/g)];
  const [, group = "growth", , icon = "tag"] = places[0] ?? [];
  const orders = places.filter(([, each]) => each === group).map(([, , order]) => Number(order));
  const order = orders.length === 0 ? 90 : Math.max(...orders) + 1;
  const placed = entry
    .replaceAll("group/", `${group}/`)
    .replace(/group: "group", order: \d+, icon: "\w+"/, `group: "${group}", order: ${order}, icon: "${icon}"`);
  const closing = list.lastIndexOf("\n];");
  if (closing < 0) throw new Problem("The module's list of pages doesn't end in a line `];`: enter the page by hand.");
  return withImport(list.slice(0, closing + 1) + placed + list.slice(closing + 1), needs, from);
}

function withImport(text: string, name: string | undefined, from: string): string {
  const line = new RegExp(String.raw`import \{([^}]*)\} from "${from}";`);
  const [whole, given = ""] = line.exec(text) ?? [];
  const names = given.split(",").map((each) => each.trim());
  if (name === undefined || names.includes(name)) return text;
  const all = [...names.filter(Boolean), name].toSorted().join(", ");
  const imported = `import { ${all} } from "${from}";`;
  return whole === undefined ? `${imported}\n${text}` : text.replace(whole, imported);
}

function blockOf(template: string, heading: string): string {
  const section = template.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  return /^```\w+ \S+\n(.*?)^```$/ms.exec(section)?.[1] ?? "";
}

/** @throws Problem for a module that has no contract */
function contractFile(module: string, folder: string): string {
  const paths = layers.map((layer) => `apps/server/src/${layer}/${module}/${module}.contract.ts`);
  const found = /^[a-z]+$/.test(module) ? paths.find((path) => existsSync(join(folder, path))) : undefined;
  if (found === undefined) throw new Problem(`There is no module "${module}" with a contract.`);
  return found;
}

function pascal(name: string): string {
  return name.split("-").map(capital).join("");
}
