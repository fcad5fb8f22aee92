import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Contract } from "@zhanggui/kit/contract/route";
import { contracts } from "@zhanggui/server/contracts";
import { describe, expect, test, vi } from "vitest";
import { createI18n } from "vue-i18n";
import { messages } from "./messages.ts";

type Tree = { readonly [key: string]: string | Tree };

function keysOf(tree: Tree, prefix = ""): string[] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" ? [`${prefix}${key}`] : keysOf(value, `${prefix}${key}.`),
  );
}
function at(tree: Tree, key: string): string {
  const found = key.split(".").reduce<string | Tree | undefined>((part, name) => {
    return typeof part === "object" ? part[name] : undefined;
  }, tree);
  return typeof found === "string" ? found : "";
}
const placeholders = (sentence: string): string[] =>
  [...new Set([...sentence.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ""))].toSorted();
const zh = messages.zh as Tree;
const en = messages.en as unknown as Tree;
const keys = keysOf(zh);

test("both languages have the same keys", () => {
  expect(keysOf(en)).toEqual(keys);
});

test("no sentence is empty, and both languages fill the same gaps", () => {
  for (const key of keys) {
    expect(at(zh, key), key).not.toBe("");
    expect(at(en, key), key).not.toBe("");
    expect(placeholders(at(en, key)), key).toEqual(placeholders(at(zh, key)));
  }
});

test("every module of the server has a name", () => {
  const routes = Object.values<Contract>(contracts).flatMap((contract) => Object.values(contract));
  const names = new Set(routes.map(({ id }) => id.slice(0, id.indexOf("."))));
  expect([...names].filter((name) => !keys.includes(`${name}.module`))).toEqual([]);
});

test("the English has no Chinese in it", () => {
  const offers = new Set(["access.login.switchLanguage", "shell.palette.language"]);
  const found = keys.filter((key) => !offers.has(key) && /\p{Script=Han}/u.test(at(en, key)));
  expect(found).toEqual([]);
});

test.for(["zh", "en"] as const)("every sentence of %s compiles and is said as it is written", (locale) => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const i18n = createI18n({ legacy: false, locale, messages: { zh, en } });
  for (const key of keys) {
    const sentence = at(locale === "zh" ? zh : en, key);
    const values = Object.fromEntries(placeholders(sentence).map((each) => [each, `<${each}>`]));
    const first = (sentence.split(" | ")[0] ?? "").replaceAll(/\{(\w+)\}/g, "<$1>");
    expect(i18n.global.t(key, values, 1), key).toBe(first);
  }
  expect(warn).not.toHaveBeenCalled();
});

describe("every key", () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" });
  const modules = Object.keys(messages.zh).join("|");
  // What follows a `.` in a template is chosen at run time.
  const pattern = new RegExp(`["'\`]((?:${modules})\\.(?:[\\w.]+(?=["'\`])|[\\w.]*\\.(?=\\$\\{)))`, "g");
  const asked = files
    .filter((file) => /\.(vue|ts)$/.test(file) && !/\.(test|messages)\./.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(import.meta.dirname, file), "utf8");
      return [...text.matchAll(pattern)].map((match) => [file, match[1] ?? ""] as const);
    });

  test("that the console asks for is there", () => {
    // A key may name a whole group, of which one word is chosen at run time; events, settings and routes look like keys.
    const routes = Object.values<Contract>(contracts).flatMap((contract) =>
      Object.values(contract).map(({ id }) => id),
    );
    const isKnown = (key: string): boolean =>
      keys.some((each) => each === key || each.startsWith(key.replace(/\.?$/, ".")));
    const missing = asked.filter(([, key]) => !isKnown(key) && !routes.includes(key) && !/\.v\d$/.test(key));
    expect(asked.length).toBeGreaterThan(200);
    expect(missing).toEqual([]);
  });

  test("that is there is asked for", () => {
    const wanted = new Set(asked.map(([, key]) => key.replace(/\.$/, "")));
    // The names of a module, its events and its work are asked for by the modules' names.
    const isAsked = (key: string): boolean =>
      /^\w+\.(module$|(event|work)Names\.)/.test(key) ||
      key.split(".").some((_, at, all) => wanted.has(all.slice(0, at + 1).join(".")));
    expect(keys.filter((key) => !isAsked(key))).toEqual([]);
  });
});
