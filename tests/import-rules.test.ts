import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { modules } from "../apps/server/src/modules.ts";

const checkout = resolve(import.meta.dirname, "..");

/** A neighbour that another module of its layer may import, and one that has no neighbours. */
const friendly = modules.find(({ dependsOn = [] }) => dependsOn.length > 0);
const loner = modules.find(({ layer, dependsOn = [] }) => layer === "foundation" && dependsOn.length === 0);
const otherFoundation = modules.find(({ layer, name }) => layer === "foundation" && name !== loner?.name);
if (!friendly?.dependsOn?.[0] || !loner || !otherFoundation)
  throw new Error("modules.ts lacks the modules to plant beside");
const friend = { layer: friendly.layer, name: friendly.dependsOn[0] };

const server = "apps/server/src";
const friendFolder = `${server}/${friend.layer}/${friend.name}`;
const friendlyFolder = `${server}/${friendly.layer}/${friendly.name}`;
const lonerFolder = `${server}/foundation/${loner.name}`;
const otherFolder = `${server}/foundation/${otherFoundation.name}`;

/** Files that keep every rule, for the planted ones to reach for. */
const targets = {
  [`${friendFolder}/${friend.name}.service.ts`]: "",
  [`${friendFolder}/${friend.name}.tables.ts`]: "",
  [`${friendFolder}/${friend.name}.module.ts`]: "",
  [`${friendFolder}/internal/secret.ts`]: "",
  [`${friendFolder}/testing/helper.ts`]: "",
  [`${otherFolder}/${otherFoundation.name}.service.ts`]: "",
  [`${server}/products/teas/teas.service.ts`]: "",
  "packages/kit/src/contract/money.ts": "",
  "packages/kit/src/server/db.ts": "",
  "packages/wechat/src/client.ts": "",
  "packages/sms/src/tencent.ts": "",
  "packages/emulator/src/emulator.ts": "",
};

/** rule → the file that breaks it → what it imports. */
const planted: [rule: string, file: string, imported: string][] = [
  ["imports-go-down", `${lonerFolder}/up.ts`, `${friendFolder}/${friend.name}.service.ts`],
  ["imports-go-down", `${friendFolder}/up.ts`, `${server}/products/teas/teas.service.ts`],
  [`depends-on-${loner.name}`, `${lonerFolder}/sideways.ts`, `${otherFolder}/${otherFoundation.name}.service.ts`],
  ["known-modules", `${server}/engines/unlisted/unlisted.service.ts`, "packages/kit/src/contract/money.ts"],
  ["no-foreign-internals", `${friendlyFolder}/tables.ts`, `${friendFolder}/${friend.name}.tables.ts`],
  ["no-foreign-internals", `${friendlyFolder}/inside.ts`, `${friendFolder}/internal/secret.ts`],
  ["no-foreign-internals", `${friendlyFolder}/inside.test.ts`, `${friendFolder}/internal/secret.ts`],
  ["wiring-by-wiring", `${friendlyFolder}/window.ts`, `${friendFolder}/${friend.name}.module.ts`],
  ["packages-know-no-apps", "packages/kit/src/server/up.ts", `${friendFolder}/${friend.name}.service.ts`],
  ["wechat-stands-alone", "packages/wechat/src/mix.ts", "packages/emulator/src/emulator.ts"],
  ["wechat-stands-alone", "packages/wechat/src/kit.ts", "packages/kit/src/contract/money.ts"],
  ["sms-stands-alone", "packages/sms/src/mix.ts", "packages/emulator/src/emulator.ts"],
  ["emulator-stands-alone", "packages/emulator/src/mix.ts", "packages/wechat/src/client.ts"],
  ["emulator-stands-alone", "packages/emulator/src/kit.ts", "packages/kit/src/contract/money.ts"],
  ["browser-sees-contracts", "apps/console/src/page.ts", `${friendFolder}/${friend.name}.service.ts`],
  ["browser-sees-contracts", "apps/console/src/Page.vue", "packages/kit/src/server/db.ts"],
  ["contracts-are-browser-safe", `${friendlyFolder}/${friendly.name}.contract.ts`, "packages/kit/src/server/db.ts"],
  ["kit-contract-is-browser-safe", "packages/kit/src/contract/wide.ts", "packages/kit/src/server/db.ts"],
  ["forms-are-browser-safe", "packages/forms/src/wide.ts", "packages/kit/src/server/db.ts"],
  ["no-tests-in-production", `${friendFolder}/spoiled.ts`, `${friendFolder}/testing/helper.ts`],
  ["no-unresolved", `${friendFolder}/lost.ts`, `${friendFolder}/nowhere.ts`],
];

/** What the rules allow, of the same kinds. */
const allowed: [file: string, imported: string][] = [
  [`${friendlyFolder}/door.ts`, `${friendFolder}/${friend.name}.service.ts`],
  [`${friendlyFolder}/${friendly.name}.module.ts`, `${friendFolder}/${friend.name}.module.ts`],
  [`${friendlyFolder}/down.ts`, `${otherFolder}/${otherFoundation.name}.service.ts`],
  [`${friendlyFolder}/door.test.ts`, `${friendFolder}/testing/helper.ts`],
  ["apps/console/src/right.ts", "packages/kit/src/contract/money.ts"],
  ["packages/forms/src/right.ts", "packages/kit/src/contract/money.ts"],
];

interface Violation {
  rule: { name: string };
  from: string;
}

let folder: string;
let violations: Violation[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zhanggui-rules-"));
  await symlink(join(checkout, "node_modules"), join(folder, "node_modules"));
  for (const name of ["tsconfig.json", "tsconfig.base.json"]) await cp(join(checkout, name), join(folder, name));
  for (const file of Object.keys(targets)) await plant(file, "export const here = 1;\n");
  for (const [, file, imported] of planted) await plant(file, importOf(file, imported));
  for (const [file, imported] of allowed) await plant(file, importOf(file, imported));
  await plant("apps/console/src/ring.ts", importOf("apps/console/src/ring.ts", "apps/console/src/rung.ts"));
  await plant("apps/console/src/rung.ts", importOf("apps/console/src/rung.ts", "apps/console/src/ring.ts"));
  violations = await cruise();
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test.for(planted)("%s: %s is refused", ([rule, file]) => {
  expect(rulesBrokenBy(file)).toContain(rule);
});

test("a ring of two files is refused", () => {
  expect(rulesBrokenBy("apps/console/src/ring.ts")).toContain("no-cycles");
});

test.for(allowed)("%s is allowed", ([file]) => {
  expect(rulesBrokenBy(file)).toEqual([]);
});

function rulesBrokenBy(file: string): string[] {
  return violations.filter(({ from }) => from === file).map(({ rule }) => rule.name);
}

async function plant(file: string, content: string): Promise<void> {
  await mkdir(join(folder, dirname(file)), { recursive: true });
  await writeFile(join(folder, file), content);
}

function importOf(file: string, imported: string): string {
  const up = "../".repeat(file.split("/").length - 1);
  const statement = `import { here } from "${up}${imported}";\nexport const there = here;\n`;
  return file.endsWith(".vue") ? `<script setup lang="ts">\n${statement.split("\n")[0]}\n</script>\n` : statement;
}

async function cruise(): Promise<Violation[]> {
  const program = join(checkout, "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs");
  const words = [program, "--config", join(checkout, ".dependency-cruiser.mjs"), "-T", "json", "apps", "packages"];
  const output = await new Promise<string>((done, fail) => {
    execFile(process.execPath, words, { cwd: folder, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      // Its exit code counts the violations; without a report it has failed itself.
      if (stdout === "") fail(new Error(stderr, { cause: error }));
      else done(stdout);
    });
  });
  return (JSON.parse(output) as { summary: { violations: Violation[] } }).summary.violations;
}
