import type { FaultDefinition } from "@zhanggui/kit/contract/fault";
import { permissionsOf } from "@zhanggui/kit/contract/permission";
import type { Contract } from "@zhanggui/kit/contract/route";
import type { ModuleEntry } from "@zhanggui/server/modules";

/** The files of the project by their path from its root. */
export type Tree = ReadonlyMap<string, string>;

const longest = 400;
const widest = 120;

/** Each rule returns what breaks it, one line each: the place first. */
export function filesStayShort(tree: Tree): string[] {
  return sources(tree).flatMap(([path, text]) => {
    const lines = text.split("\n").length - 1;
    return lines > longest ? [`${path}: ${lines} lines, ${longest} are allowed`] : [];
  });
}

/** Sentences in tests, words of pages and SQL may be wider: a broken string is harder to read than a long one. */
export function linesStayNarrow(tree: Tree): string[] {
  return sources(tree)
    .filter(([path]) => /\.(ts|mjs)$/.test(path) && !path.endsWith(".test.ts"))
    .flatMap(([path, text]) =>
      text.split("\n").flatMap((line, index) => {
        const isSentence = /["'`].{60,}["'`]/.test(line) || /https?:/.test(line);
        return line.length > widest && !isSentence ? [`${path}:${index + 1}: ${line.length} columns`] : [];
      }),
    );
}

/** Server code reads time, chance and environment through ctx and the kit, or a turned clock and a seed do nothing. */
export function timeComesFromCtx(tree: Tree): string[] {
  const forbidden = [
    /\bDate\.now\b/,
    /\bnew Date(\(\)|\b(?!\())/,
    /\bMath\.random\b/,
    /\bprocess\.env\b/,
    /\b(now\(\)|clock_timestamp|current_timestamp|localtimestamp)`/i,
    /`[^`]*\b(now\(\)|clock_timestamp|current_timestamp)/i,
  ];
  return sources(tree)
    .filter(([path]) => path.startsWith("apps/server/src/") && !isForTests(path))
    .flatMap(([path, text]) =>
      text
        .split("\n")
        .flatMap((line, index) =>
          forbidden.some((pattern) => pattern.test(line)) && !/^\s*(\/\/|\*)/.test(line)
            ? [`${path}:${index + 1}: ${line.trim()}`]
            : [],
        ),
    );
}

/** A module's code names its own tables, in whatever string. Only the tenant may be referred to by everybody's keys. */
export function ownTablesOnly(tree: Tree, modules: readonly ModuleEntry[]): string[] {
  const owners = modules.map(({ name }) => name).join("|");
  const named = new RegExp(String.raw`\b(?:${owners})_[a-z][a-z_]*\b`, "g");
  const tables = tablesOf(tree);
  return moduleFiles(tree, modules).flatMap(({ path, text, module }) => {
    const code = path.endsWith(".sql")
      ? text.replaceAll("REFERENCES access_tenant", "").replaceAll(/--.*$/gm, "")
      : text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    const foreign = [...code.matchAll(named)]
      .map(([name]) => name)
      .filter((name) => !name.startsWith(`${module}_`) && tables.has(name));
    return [...new Set(foreign)].map((table) => `${path}: ${table} is another module's table`);
  });
}

function tablesOf(tree: Tree): ReadonlySet<string> {
  const migrations = [...tree].filter(([path]) => path.endsWith(".sql"));
  return new Set(
    migrations.flatMap(([, text]) => [...text.matchAll(/CREATE TABLE (\w+)/g)].map((match) => match[1] ?? "")),
  );
}

/** Whoever works as the owner is listed in modules.ts, with a reason. */
export function ownerFilesAreListed(tree: Tree, modules: readonly ModuleEntry[]): string[] {
  const used = moduleFiles(tree, modules).filter(
    ({ path, text }) =>
      /\b(unscopedDb|unscopedStep|ownerTransaction|hotQuery)(<\w+>)?\(/.test(text) && !isForTests(path),
  );
  const unlisted = used
    .filter(({ module, file }) => modules.find(({ name }) => name === module)?.ownerFiles?.[file] === undefined)
    .map(({ path }) => `${path} works as the owner, and modules.ts doesn't say why`);
  const stale = modules.flatMap(({ name, ownerFiles = {} }) =>
    Object.keys(ownerFiles)
      .filter((file) => !used.some((each) => each.module === name && each.file === file))
      .map((file) => `modules.ts lists ${name}/${file}, which no longer works as the owner`),
  );
  return [...unlisted, ...stale];
}

/** Every table has a tenant, but for the platform's own, which modules.ts names. */
export function tablesHaveTenants(tree: Tree, modules: readonly ModuleEntry[]): string[] {
  const platform = new Set(modules.flatMap(({ platformTables = {} }) => Object.keys(platformTables)));
  return moduleFiles(tree, modules)
    .filter(({ path }) => path.endsWith(".sql"))
    .flatMap(({ path, text, module }) =>
      [...text.matchAll(/CREATE TABLE (\w+) \(([\s\S]*?)\n\);/g)].flatMap(([, table = "", body = ""]) => {
        if (!table.startsWith(`${module}_`)) return [`${path}: ${table} must begin with ${module}_`];
        if (platform.has(table)) return body.includes("tenant_id") ? [`${path}: ${table} has a tenant after all`] : [];
        return /^\s*tenant_id uuid NOT NULL/.test(body) ? [] : [`${path}: ${table} has no tenant_id`];
      }),
    );
}

export function modulesHaveReadmes(tree: Tree, modules: readonly ModuleEntry[]): string[] {
  return modules
    .map(({ layer, name }) => `apps/server/src/${layer}/${name}/README.md`)
    .filter((path) => (tree.get(path)?.length ?? 0) < 200)
    .map((path) => `${path} is missing or says nothing`);
}

/** A fault speaks both languages: Chinese with Chinese characters, English without. */
export function faultsSpeakBothLanguages(faults: readonly FaultDefinition[]): string[] {
  return faults.flatMap(({ code, text }) => {
    const wrong: string[] = [];
    if (!/\p{Script=Han}/u.test(text.zh)) wrong.push(`${code} has no Chinese`);
    if (!/[a-z]{2}/i.test(text.en) || /\p{Script=Han}/u.test(text.en)) wrong.push(`${code} has no English`);
    // A detail that is a sentence itself comes once per language: `{explanationZh}`, `{explanationEn}`.
    const [zh, en] = [text.zh, text.en].map((sentence) =>
      (sentence.match(/\{\w+\}/g) ?? [])
        .map((name) => name.replace(/(Zh|En)\}$/, "}"))
        .toSorted()
        .join(),
    );
    if (zh !== en) wrong.push(`${code} tells other details in Chinese (${zh}) than in English (${en})`);
    return wrong;
  });
}

/** Faults in the sources that no route answers: nobody could know of them. */
export function faultsAreDeclaredByRoutes(tree: Tree, faults: readonly FaultDefinition[]): string[] {
  const declared = new Set(faults.map(({ code }) => code));
  return sources(tree)
    .filter(([path]) => path.startsWith("apps/server/src/") && path.endsWith(".contract.ts"))
    .flatMap(([path, text]) =>
      [...text.matchAll(/\bfault\(\s*"([^"]+)"/g)]
        .map((match) => match[1] ?? "")
        .filter((code) => !declared.has(code))
        .map((code) => `${path}: no route answers ${code}`),
    );
}

/** A route says what it does and what is special about it; names begin with their module. */
export function routesAreDocumented(contracts: Readonly<Record<string, Contract>>): string[] {
  return Object.entries(contracts).flatMap(([module, contract]) =>
    Object.values(contract).flatMap((route) => {
      const wrong: string[] = [];
      if (route.summary.trim().length < 10) wrong.push(`${route.id} has no summary`);
      if (!route.id.startsWith(`${module}.`)) wrong.push(`${route.id} stands in the contract of ${module}`);
      for (const { code } of permissionsOf(route.access)) {
        if (!code.startsWith(`${module}:`)) wrong.push(`${route.id} asks for ${code}, another module's permission`);
      }
      return wrong;
    }),
  );
}

export function eventsAreNamedByModule(tree: Tree, modules: readonly ModuleEntry[]): string[] {
  return moduleFiles(tree, modules)
    .filter(({ path }) => path.endsWith(".events.ts"))
    .flatMap(({ path, text, module }) =>
      [...text.matchAll(/\bevent\(\s*"([^"]+)"/g)]
        .map((match) => match[1] ?? "")
        .filter((name) => !new RegExp(String.raw`^${module}\.[a-z_]+\.v\d+$`).test(name))
        .map((name) => `${path}: ${name} should be ${module}.<what_happened>.v1`),
    );
}

/** Links between the documents lead somewhere. */
export function linksLeadSomewhere(tree: Tree): string[] {
  return [...tree]
    .filter(([path]) => path.endsWith(".md"))
    .flatMap(([path, text]) =>
      [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map((match) => match[1] ?? "")
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => {
          const resolved = new URL(target, `file:///${path}`).pathname.slice(1);
          return ![...tree.keys()].some(
            (each) => each === resolved || each.startsWith(`${resolved.replace(/\/$/, "")}/`),
          );
        })
        .map((target) => `${path}: ${target} leads nowhere`),
    );
}

function sources(tree: Tree): [path: string, text: string][] {
  return [...tree].filter(([path]) => /\.(ts|mjs|js|vue|sql|css|sh)$/.test(path));
}

function isForTests(path: string): boolean {
  return /\.(test|fixtures)\.ts$|\/testing\//.test(path);
}

function moduleFiles(tree: Tree, modules: readonly ModuleEntry[]) {
  return modules.flatMap(({ layer, name }) => {
    const folder = `apps/server/src/${layer}/${name}/`;
    return sources(tree)
      .filter(([path]) => path.startsWith(folder) && !isForTests(path))
      .map(([path, text]) => ({ path, text, module: name, file: path.slice(folder.length) }));
  });
}
