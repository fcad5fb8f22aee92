import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { capture } from "../zg/commands.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zhanggui-lint-"));
  const plugin = fileURLToPath(new URL("rules.mjs", import.meta.url));
  const rules = { "zhanggui/contracts-are-data": "error" };
  await writeFile(join(folder, ".oxlintrc.json"), JSON.stringify({ jsPlugins: [plugin], rules }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const contract = `import { connect, PushMode, appTaken } from "@zhanggui/server/engines/connect/connect.contract";`;
const wrong = [
  `import { z } from "zod"; export const a = z;`,
  `import "zod";`,
  `${contract} export const a = connect.bindApp.body?.shape.appId;`,
  `${contract} export const a = PushMode.safeParse("x");`,
  `${contract} export const a = PushMode.optional();`,
  `${contract} export const a = () => { throw appTaken(); };`,
  `export const a = (shape: any) => shape.parse(1);`,
  `export const a = (call: any) => call.route.body.shape;`,
];
const right = [
  `import type { z } from "zod"; export type A = z.ZodType;`,
  `import { type z } from "zod"; export type A = z.ZodType;`,
  `${contract} export const a = [PushMode.options, connect.bindApp.path, appTaken.code];`,
  `export const a = [JSON.parse("1"), Date.parse("2026-11-24"), [""].map((each) => each)];`,
  `export const a = (field: any) => field.required;`,
];

test("what the types allow and browsers haven't is found, and nothing else", async () => {
  await Promise.all([
    ...wrong.map((text, index) => writeFile(join(folder, `wrong${index}.ts`), text)),
    ...right.map((text, index) => writeFile(join(folder, `right${index}.ts`), text)),
    writeFile(
      join(folder, "wrong.vue"),
      `<script setup lang="ts">\n${wrong[3]}\n</script>\n<template><p /></template>\n`,
    ),
  ]);
  const { output } = await capture("oxlint", ["-c", join(folder, ".oxlintrc.json"), "--format=unix", folder]);
  const found = new Set([...output.matchAll(/(wrong|right)\d*\.(ts|vue)(?=:\d)/g)].map(([name]) => name));
  expect([...found].toSorted()).toEqual(["wrong.vue", ...wrong.map((_, index) => `wrong${index}.ts`)].toSorted());
});
