// @vitest-environment node
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createI18n } from "vue-i18n";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as source from "@zhanggui/server/foundation/links/links.contract";
import { messages } from "../src/messages.ts";
import { Evaluator } from "./evaluator.ts";

const evaluator = new Evaluator();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zhanggui-evaluator-"));
});
afterAll(async () => {
  await evaluator.forget();
  await rm(folder, { recursive: true, force: true });
});

async function made<Module>(code: string): Promise<Module> {
  return (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as Module;
}

test("a contract's file becomes data, and a route's permission is the exported one", async () => {
  const file = fileURLToPath(import.meta.resolve("@zhanggui/server/foundation/links/links.contract"));
  const code = await evaluator.run({ kind: "contract", file });
  expect(code).not.toMatch(/\bimport\b/);
  const data = await made<typeof source>(code);
  expect(Object.keys(data).toSorted()).toEqual(Object.keys(source).toSorted());
  expect(data.links.list.access).toBe(data.linksRead);
  expect(data.linksRead).toEqual(source.linksRead);
  expect(data.linkOver.code).toBe(source.linkOver.code);
  expect(data.linkOver).not.toBeTypeOf("function");
});

test("of a contract's file the permissions can be had alone", async () => {
  const file = fileURLToPath(import.meta.resolve("@zhanggui/server/foundation/links/links.contract"));
  const data = await made<Partial<typeof source>>(await evaluator.run({ kind: "permissions", file }));
  const { linksRead, linksWrite } = source;
  expect({ ...data }).toEqual({ linksRead, linksWrite });
});

test("a changed file is read anew, and one that can't be loaded is named", async () => {
  const file = join(folder, "tea.contract.mjs");
  const run = () => evaluator.run({ kind: "contract", file });
  await writeFile(file, "export const cups = 1;");
  expect(await run()).toBe("export const cups = 1;");
  await writeFile(file, "export const cups = 2; export const pour = () => 1;");
  await evaluator.forget();
  expect(await run()).toBe("export const cups = 2;");
  await writeFile(file, "export const cups = ;");
  await evaluator.forget();
  await expect(run()).rejects.toThrow(file);
  await writeFile(file, "export const cups = new Map();");
  await evaluator.forget();
  await expect(run()).rejects.toThrow("Map is no data");
});

type Tree = { readonly [key: string]: string | Tree };
const flat = (tree: Tree, prefix = ""): [string, string][] =>
  Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" ? [[`${prefix}${key}`, value]] : flat(value, `${prefix}${key}.`),
  );

test.for(["zh", "en"] as const)("the words of %s in two parts say what messages.ts says", async (language) => {
  const file = fileURLToPath(new URL("../src/messages.ts", import.meta.url));
  const parts = ["shared", "shell.product", "access.login"];
  const task = { kind: "words", file, language, parts } as const;
  const [first, rest] = await Promise.all(
    [false, true].map(async (others) => {
      const code = await evaluator.run({ ...task, rest: others });
      return (await made<{ default: Record<string, object> }>(code)).default;
    }),
  );
  expect(Object.keys(first ?? {}).toSorted()).toEqual(["access", "shared", "shell"]);
  expect(Object.keys(first?.["access"] ?? {})).toEqual(["login"]);
  const join = (module: string) => ({ ...first?.[module], ...rest?.[module] });
  const modules = Object.keys({ ...first, ...rest });
  const words = Object.fromEntries(modules.map((module) => [module, join(module)]));
  expect(Object.keys(words).toSorted()).toEqual(Object.keys(messages[language]).toSorted());
  const built = createI18n({ legacy: false, locale: language, messages: { [language]: words } });
  const plain = createI18n({ legacy: false, locale: language, messages: { [language]: messages[language] } });
  const values = new Proxy({}, { get: (_, name) => `<${String(name)}>`, has: () => true });
  for (const [key] of flat(messages[language])) {
    for (const count of [1, 2]) {
      expect(built.global.t(key, values, count), key).toBe(plain.global.t(key, values, count));
    }
  }
});
