import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { layers, writeBlocks } from "./blocks.ts";
import { run } from "./commands.ts";
import { inRoot, root } from "./paths.ts";
import { Problem } from "./problem.ts";
import type { Progress } from "./progress.ts";
import { setUp } from "./setup.ts";

export interface NewModule {
  readonly layer: (typeof layers)[number];
  readonly name: string;
}

const longestName = 24;

/** Words that can't name a constant, and `kit`, whose tables begin with it. */
const reserved = new Set(
  (
    "kit arguments await break case catch class const continue debugger default delete do else enum eval export " +
    "extends false finally for function if implements import in instanceof interface let new null package private " +
    "protected public return static super switch this throw true try typeof undefined var void while with yield"
  ).split(" "),
);

/** Writes a small working module, server and console, and enters it in the lists of modules. */
export async function newModule({ layer, name }: NewModule, progress: Progress): Promise<number> {
  const template = await readFile(join(import.meta.dirname, "templates/module.md"), "utf8");
  assertName(name, template, root);
  // As in check.ts: a copy of the project shares its dependencies with the original.
  if (process.env["ZG_PREPARED"] !== "1") await setUp(progress);
  const files = await writeBlocks(named(template, { layer, name }), root);
  await run(
    "oxfmt",
    files.filter((path) => /\.(ts|vue)$/.test(path)).map((path) => inRoot(path)),
  );
  for (const path of files) progress.say(path);
  progress.say(
    `\nNext: its words in both languages (noun, permission, title, README), then its fields. docs/MODULE.md`,
  );
  progress.say(`shows what else a module may have. ./zg check, and ./zg test ${layer}/${name} every-route catalogue`);
  return 0;
}

/** The template in the module's own words: `samples` its name, `sample` one of what it is about. */
export function named(template: string, { layer, name }: NewModule): string {
  const one = singular(name);
  return template
    .replaceAll("foundation", layer)
    .replaceAll("samples", name)
    .replaceAll("Samples", capital(name))
    .replaceAll("sample", one)
    .replaceAll("Sample", capital(one));
}

/** One of what a module is named after: `bookings` has a booking; what is no plural has an entry. */
export function singular(name: string): string {
  if (/[^aeiou]ies$/.test(name)) return name.replace(/ies$/, "y");
  if (/(ss|sh|ch|x)es$/.test(name)) return name.slice(0, -2);
  return /[^su]s$/.test(name) ? name.slice(0, -1) : "entry";
}

/** @throws Problem for a name that can't be, or that something else has */
export function assertName(name: string, template: string, folder: string): void {
  if (!new RegExp(`^[a-z]{3,${longestName}}$`).test(name)) {
    throw new Problem(
      `A module's name is one word of 3 to ${longestName} lower-case letters, as its tables, permissions and events ` +
        `begin with it; "${name}" isn't.`,
    );
  }
  const imported = [...template.matchAll(/^import (?:type )?\{(.+?)\}/gms)]
    .flatMap(([, names = ""]) => names.split(",").map((each) => each.replace("type ", "").trim()))
    // What the template calls its own becomes the new module's.
    .filter((each) => !/sample/i.test(each));
  const clash = [name, capital(name), capital(singular(name))].find((each) => imported.includes(each));
  if (reserved.has(name) || clash !== undefined) {
    const why = clash === undefined ? "is a reserved word" : `would clash with ${clash}, which every module imports`;
    throw new Problem(`A module can't be called "${name}": it ${why}.`);
  }
  const taken = [...layers.map((layer) => `apps/server/src/${layer}/${name}`), `apps/console/src/${name}`].find(
    (path) => existsSync(join(folder, path)),
  );
  if (taken !== undefined) throw new Problem(`The name "${name}" is taken: there is ${taken}.`);
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
