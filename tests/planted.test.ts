import { execFile, execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { fault } from "@zhanggui/kit/contract/fault";
import { modules } from "@zhanggui/server/modules";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeBlocks } from "../tools/zg/blocks.ts";
import { requirementsAreShown } from "./tidy/requirements.ts";
import * as rules from "./tidy/rules.ts";

const root = resolve(import.meta.dirname, "..");

const service = "apps/server/src/engines/audience/audience.service.ts";
const plant = (path: string, text: string): rules.Tree => new Map([[path, text]]);

describe("a planted violation is found by its rule", () => {
  test("files-stay-short", () => {
    expect(rules.filesStayShort(plant("packages/kit/src/long.ts", "\n".repeat(401)))).toHaveLength(1);
    expect(rules.filesStayShort(plant("packages/kit/src/long.ts", "\n".repeat(400)))).toEqual([]);
  });
  test("lines-stay-narrow", () => {
    expect(rules.linesStayNarrow(plant("packages/kit/src/wide.ts", `${"a + ".repeat(31)}a`))).toHaveLength(1);
  });
  test.each(["Date.now()", "new Date()", "+new Date", "Math.random()", "process.env.HOME", "sql`now()`"])(
    "time-comes-from-ctx: %s",
    (text) => {
      expect(rules.timeComesFromCtx(plant(service, `const now = ${text};`))).toHaveLength(1);
      expect(rules.timeComesFromCtx(plant("packages/emulator/src/clock.ts", `const now = ${text};`))).toEqual([]);
    },
  );
  test.each([
    `ctx.db.selectFrom("connect_inbound").selectAll()`,
    `query.innerJoin("connect_app as app", "app.id", "audience_identity.scope")`,
    `query.select(["audience_person.id", "connect_app.name"])`,
    `query.leftJoin(\n  "messaging_delivery",\n  "messaging_delivery.person_id", "audience_person.id")`,
    "sql`SELECT password_hash FROM access_account`",
    `const table = "access_account"; db.selectFrom(table)`,
    `db.selectFrom<"access_account">("access_account")`,
  ])("own-tables-only: %s", (text) => {
    const tables = ["connect_inbound", "connect_app", "messaging_delivery", "access_account", "audience_person"];
    const sql = tables.map((table) => `CREATE TABLE ${table} (`).join("\n");
    const tree = new Map([...plant(service, text), ["packages/kit/src/server/migrations/001.sql", sql]]);
    expect(rules.ownTablesOnly(tree, modules)).toHaveLength(1);
    const comment = `// ${text.replaceAll("\n", " ")}`;
    expect(rules.ownTablesOnly(new Map([...tree, [service, comment]]), modules)).toEqual([]);
  });
  test("own-tables-only, in SQL", () => {
    const path = "apps/server/src/engines/audience/migrations/002_more.sql";
    const sql = new Map([
      ["x.sql", "CREATE TABLE connect_app ("],
      ...plant(path, "ALTER TABLE connect_app ADD x int;"),
    ]);
    expect(rules.ownTablesOnly(sql, modules)).toHaveLength(1);
    expect(rules.ownTablesOnly(plant(path, "x uuid REFERENCES access_tenant (id)"), modules)).toEqual([]);
  });
  test("tables-have-tenants", () => {
    const path = "apps/server/src/engines/audience/migrations/002_more.sql";
    expect(rules.tablesHaveTenants(plant(path, "CREATE TABLE audience_x (\n  id uuid\n);"), modules)).toHaveLength(1);
    expect(rules.tablesHaveTenants(plant(path, "CREATE TABLE people (\n  id uuid\n);"), modules)).toHaveLength(1);
  });
  test("owner-files-are-listed, and the list is not stale", () => {
    const found = rules.ownerFilesAreListed(plant(service, "runtime.unscopedDb().selectFrom"), modules);
    expect(found.filter((line) => line.startsWith(service))).toHaveLength(1);
    expect(found.length).toBeGreaterThan(1);
  });
  test("faults-speak-both-languages", () => {
    const bad = (zh: string, en: string) => rules.faultsSpeakBothLanguages([fault("tea.cold", 409, { zh, en })]);
    expect(bad("茶凉了", "The tea is cold")).toEqual([]);
    expect(bad("The tea is cold", "The tea is cold")).toEqual(["tea.cold has no Chinese"]);
    expect(bad("茶凉了", "茶凉了")).toEqual(["tea.cold has no English"]);
    expect(bad("茶凉了 {minutes} 分钟", "The tea is cold")).toHaveLength(1);
  });
  test("faults-are-declared-by-routes", () => {
    const path = "apps/server/src/engines/audience/audience.contract.ts";
    expect(rules.faultsAreDeclaredByRoutes(plant(path, `fault(\n  "audience.lost", 404`), [])).toHaveLength(1);
  });
  test("modules-have-readmes", () => {
    expect(rules.modulesHaveReadmes(new Map(), modules)).toHaveLength(modules.length);
  });
  test("events-are-named-by-module", () => {
    const path = "apps/server/src/engines/audience/audience.events.ts";
    expect(rules.eventsAreNamedByModule(plant(path, `event("connect.stolen.v1", x)`), modules)).toHaveLength(1);
    expect(rules.eventsAreNamedByModule(plant(path, `event("audience.person_lost", x)`), modules)).toHaveLength(1);
  });
  test("requirements-are-shown", () => {
    const shown = (row: string) =>
      requirementsAreShown(plant("packages/tea/tea.test.ts", ""), `| Id |\n|---|\n${row}\n`);
    expect(shown("| A-1 | Tea | tea | `tea.test.ts` |")).toEqual([]);
    expect(shown("| A-1 | Tea | tea | `tea.test.ts`, `pot.test.ts` |")).toEqual(["A-1: there is no pot.test.ts"]);
    expect(shown("| A-1 | Tea | tea | later |")).toEqual(["A-1: nothing shows it"]);
    expect(shown("| A-1 | Tea |  | `packages/tea` |")).toEqual(["A-1: says no words or no module"]);
    expect(shown("| A-1 | Tea | tea | `tea.test.ts` |\n| A-1 | Tea | tea | `tea.test.ts` |")).toHaveLength(1);
    expect(shown("| A-116…A-118, B-0, T-1, ASVS V6.3 | Tea | tea | `tea.test.ts` |")).toEqual(
      ["A-118", "B-0", "T-1"].map((id) => `A-116…A-118, B-0, T-1, ASVS V6.3: there is no ${id}`),
    );
  });
  test("links-lead-somewhere", () => {
    expect(
      rules.linksLeadSomewhere(plant("README.md", "[docs](docs/NOWHERE.md) [web](https://example.com)")),
    ).toHaveLength(1);
  });
});

/** Links what a folder of the copy depends on: the registry's packages to those of the original, ours to the copy's. */
async function shareDependencies(folder: string, copy: string): Promise<void> {
  const [from, to] = [join(root, folder, "node_modules"), join(copy, folder, "node_modules")];
  for (const name of await readdir(from)) {
    if (name !== "@zhanggui") {
      await mkdir(to, { recursive: true });
      await symlink(join(from, name), join(to, name));
      continue;
    }
    await mkdir(join(to, name), { recursive: true });
    for (const own of await readdir(join(from, name))) {
      const place = relative(root, await realpath(join(from, name, own)));
      await symlink(join(copy, place), join(to, name, own));
    }
  }
}

/** The whole command on a copy of the project with one violation of each kind, as a contributor would meet it. */
describe("./zg check on a copy with five violations, the module of the guide, and one that zg wrote", () => {
  let copy: string;
  let output: string;
  let exitCode: number;
  let ownTests: { output: string; exitCode: number };
  let routeTests: { output: string; exitCode: number };
  let menuTests: { output: string; exitCode: number };

  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), "zg-planted-"));
    const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: root });
    for (const path of listed.toString().split("\0").filter(Boolean)) {
      await mkdir(dirname(join(copy, path)), { recursive: true });
      await cp(join(root, path), join(copy, path)).catch(() => {});
    }
    // The copy's packages are its own; what the registry published is shared.
    const packages = ["kit", "forms", "wechat", "sms", "emulator"].map((name) => `packages/${name}`);
    for (const folder of [".", "apps/server", "apps/console", ...packages]) {
      await shareDependencies(folder, copy);
    }
    await symlink(join(root, ".zg"), join(copy, ".zg"));
    execFileSync("git", ["init", "--quiet"], { cwd: copy });
    await writeBlocks(await readFile(join(copy, "docs/MODULE.md"), "utf8"), copy);
    // The one line that the guide tells of and that isn't a file of its own.
    const unaudited = join(copy, "apps/server/src/unaudited.ts");
    const reasons = await readFile(unaudited, "utf8");
    await writeFile(unaudited, reasons.replace("\n};", '\n  bookings_history: "a history itself",\n};'));
    const made = await runIn(copy, "zg", ["new", "module", "products", "vouchers"]);
    if (made.exitCode !== 0) throw new Error(made.output);
    // The guide leaves the page of its tables to the command that makes it.
    const tables = await runIn(copy, "zg", ["tables"]);
    if (tables.exitCode !== 0) throw new Error(tables.output);
    for (const words of [["vouchers/unused-ones", "--list", "list"], ["bookings/desk-plan"]]) {
      const page = await runIn(copy, "zg", ["new", "page", ...words]);
      if (page.exitCode !== 0) throw new Error(page.output);
    }
    // Before anything is broken: the tests of a new module, and those that are made for every module.
    const vitest = (...words: string[]) =>
      runIn(copy, "node_modules/.bin/vitest", ["run", "--project=server", ...words]);
    ownTests = await vitest("products/", "catalogue", "list-indexes", "tables.test");
    routeTests = await vitest("every-route", "-t", "every other route|listed set");
    const ofEveryPage = ["run", "--project=console", "src/shell/menu.test.ts", "-t", "every"];
    menuTests = await runIn(copy, "node_modules/.bin/vitest", ofEveryPage);
    const append = async (path: string, text: string): Promise<void> =>
      writeFile(join(copy, path), `${await readFile(join(copy, path), "utf8")}${text}`);
    await append(
      "apps/server/src/foundation/settings/settings.service.ts",
      `\nexport { ConnectService } from "../../engines/connect/connect.service.ts";\n`,
    );
    await append(
      service,
      `\nexport const stolen = (ctx: Ctx) => ctx.db.selectFrom("connect_inbound").selectAll().execute();\n` +
        `export const started = Date.now();\n`,
    );
    await writeFile(join(copy, "apps/server/src/engines/audience/long.ts"), "export {};\n".repeat(500));
    const contract = join(copy, "apps/server/src/engines/audience/audience.contract.ts");
    const text = await readFile(contract, "utf8");
    const untranslated = `export const lost = planted("audience.lost", 404, { zh: "Lost", en: "Lost" });\n`;
    await writeFile(
      contract,
      `import { fault as planted } from "@zhanggui/kit/contract/fault";\n${text}`
        .replace("const personParams", `${untranslated}\nconst personParams`)
        .replace("faults: [notFound],", "faults: [notFound, lost],"),
    );
    ({ output, exitCode } = await runIn(copy, "zg", ["check"]));
  });
  afterAll(() => rm(copy, { recursive: true, force: true }));

  test.each([
    ["an upward import", "imports-go-down"],
    ["another module's table", "own-tables-only"],
    ["Date.now() in a service", "time-comes-from-ctx"],
    ["a file of 500 lines", "files-stay-short"],
    ["an untranslated fault", "faults-speak-both-languages"],
  ])("%s is named as %s", (_, rule) => {
    expect(output).toContain(rule);
  });

  test.each([
    ["docs/MODULE.md builds", "bookings"],
    ["./zg new module writes", "vouchers"],
  ])("the module that %s was looked at, and nothing is wrong with it", async (_, name) => {
    expect(await readFile(join(copy, "apps/server/src/modules.ts"), "utf8")).toContain(name);
    expect(output).not.toContain(name);
    expect(output).toMatch(/✓ types /);
    expect(output).toMatch(/✓ types console /);
  });

  test("their own tests pass, and those that are made for every module", () => {
    expect(stripVTControlCharacters(ownTests.output)).toMatch(/vouchers\.test\.ts.*\(3 tests\)/);
    expect(ownTests.exitCode, ownTests.output).toBe(0);
    expect(stripVTControlCharacters(routeTests.output)).toMatch(/every other route works/);
    expect(routeTests.exitCode, routeTests.output).toBe(0);
  });

  test.each([
    ["vouchers", "UnusedOnes", `:call="api.vouchers.list"`],
    ["bookings", "DeskPlan", "<EmptyState"],
  ])("the page that ./zg new page writes for %s is there, and nothing is wrong with it", async (module, name, text) => {
    const folder = join(copy, "apps/console/src", module);
    expect(await readFile(join(folder, `${name}Page.vue`), "utf8")).toContain(text);
    expect(await readFile(join(folder, `${module}.pages.ts`), "utf8")).toContain(`import("./${name}Page.vue")`);
    expect(output).not.toContain(name);
    expect(menuTests.exitCode, menuTests.output).toBe(0);
  });

  test("and it fails", () => expect(exitCode).not.toBe(0));
});

function runIn(folder: string, program: string, words: string[]): Promise<{ output: string; exitCode: number }> {
  return new Promise((done) => {
    const env = { ...process.env, ZG_PREPARED: "1" };
    execFile(join(folder, program), words, { cwd: folder, env, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      done({ output: `${stdout}${stderr}`, exitCode });
    });
  });
}
