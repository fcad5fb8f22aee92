import { globSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { expect, test } from "vitest";
import { messages } from "../apps/console/src/messages.ts";
import { modules } from "../apps/server/src/modules.ts";

const root = resolve(import.meta.dirname, "..");
const textOf = (path: string): string => readFileSync(resolve(root, path), "utf8");

/** What is run at its times, as the wiring of the modules says it, and the kit. */
const schedules = [
  ...globSync("apps/server/src/*/*/*.module.ts", { cwd: root }).flatMap((path) =>
    [...textOf(path).matchAll(/(\w+): (?:cron|daily)\(/g)].map(([, key = ""]) => [basename(path, ".module.ts"), key]),
  ),
  ...globSync("packages/kit/src/server/**/*.ts", { cwd: root, exclude: ["**/*.test.ts"] }).flatMap((path) =>
    [...textOf(path).matchAll(/schedule\(\s*"kit\.(\w+)"/g)].map(([, key = ""]) => ["operations", key]),
  ),
] as [module: string, key: string][];

test.for(schedules)("the schedule %s.%s has a name in both languages", ([module, key]) => {
  for (const said of [messages.zh, messages.en] as unknown as Record<string, { workNames?: Record<string, string> }>[])
    expect(said[module]?.workNames?.[key]).toMatch(/\S/);
});

const published = (await Promise.all(modules.map(({ load }) => load()))).flatMap((module) =>
  module.publishes.map(({ name }) => [name, module.name] as const),
);

test.for(published)("the event %s, which others are told of, has a name in both languages", ([name, module]) => {
  const key = name.slice(name.indexOf(".") + 1).replace(".", "_");
  for (const said of [messages.zh, messages.en] as unknown as Record<string, { eventNames?: Record<string, string> }>[])
    expect(said[module]?.eventNames?.[key]).toMatch(/\S/);
});

test("every published event is looked at", () => expect(published.length).toBeGreaterThan(5));

test("every schedule is looked at", () => expect(schedules.length).toBeGreaterThan(10));
