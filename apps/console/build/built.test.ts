// @vitest-environment node
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build, type Plugin, type Rolldown } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { circleIn, guards } from "./guards.ts";

/** What the login is of now, and a little: the budget is 75 kB, with headers. Deterministic, unlike a time. */
const loginBytes = 65_700;
const root = fileURLToPath(new URL("..", import.meta.url));

let files: readonly (Rolldown.OutputChunk | Rolldown.OutputAsset)[];
const before = process.env["NODE_ENV"];

beforeAll(async () => {
  // Vitest says "test", which would build what developers see.
  process.env["NODE_ENV"] = "production";
  const made = await build({
    configFile: `${root}/vite.config.ts`,
    root,
    logLevel: "error",
    build: { write: false },
  });
  files = (made as Rolldown.RolldownOutput).output;
});
afterAll(() => {
  process.env["NODE_ENV"] = before;
});

const chunks = () => files.filter((each) => each.type === "chunk");

/** The chunks that are loaded at once with the entry. */
function atOnce(): Rolldown.OutputChunk[] {
  const byName = new Map(chunks().map((chunk) => [chunk.fileName, chunk]));
  const found = new Set<Rolldown.OutputChunk>();
  const left = chunks().filter(({ isEntry }) => isEntry);
  for (let chunk = left.pop(); chunk !== undefined; chunk = left.pop()) {
    if (found.has(chunk)) continue;
    found.add(chunk);
    left.push(...chunk.imports.flatMap((name) => byName.get(name) ?? []));
  }
  return [...found];
}

test("the built console holds no zod, and nothing that evaluates strings", () => {
  const modules = chunks().flatMap(({ moduleIds }) => moduleIds);
  expect(modules.length).toBeGreaterThan(500);
  expect(modules.filter((id) => /node_modules[\\/]zod[\\/]/.test(id))).toEqual([]);
  // The contracts themselves are there, as data.
  expect(modules.filter((id) => id.endsWith("access.contract.ts"))).toHaveLength(1);
  expect(chunks().filter(({ code }) => /\bnew Function\b|\beval\(/.test(code))).toEqual([]);
});

test("the login is sent without Element Plus and without the words behind it, in few files and within its budget", () => {
  const sent = atOnce();
  const modules = sent.flatMap(({ moduleIds }) => moduleIds);
  expect(modules.some((id) => id.includes("LoginPage.vue"))).toBe(true);
  // Of contracts, the one that signs in: the others would come with their pages' permissions.
  expect(modules.filter((id) => id.endsWith(".contract.ts"))).toEqual([
    expect.stringContaining("/sign-in.contract.ts"),
  ]);
  expect(modules.filter((id) => /element-plus|@vueuse|words\/rest|Shell\.vue/.test(id))).toEqual([]);
  expect(sent.length).toBeLessThanOrEqual(4);
  const page = files.filter((each) => each.type === "asset" && each.fileName === "index.html");
  const styles = files.filter(
    (each) => each.type === "asset" && sent.some(({ viteMetadata }) => viteMetadata?.importedCss.has(each.fileName)),
  );
  expect(page).toHaveLength(1);
  expect(styles.length).toBeGreaterThan(0);
  const sizes = [...sent, ...page, ...styles].map(
    (each) => brotliCompressSync(each.type === "chunk" ? each.code : each.source).length,
  );
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(loginBytes);
});

/** A build of one page that imports this. */
function plant(code: string): Promise<unknown> {
  const planted: Plugin = {
    name: "planted",
    resolveId: (id) => (id === "planted" ? `${root}/src/planted.ts` : null),
    load: (id) => (id.endsWith("planted.ts") ? code : null),
  };
  return build({
    configFile: false,
    root,
    logLevel: "silent",
    plugins: [planted, guards()],
    build: { write: false, rolldownOptions: { input: "planted" } },
  });
}

test("zod that was put in breaks the build, which says who imports it", async () => {
  await expect(plant(`import { z } from "zod"; console.log(z.string());`)).rejects.toThrow(/zod.*planted\.ts/);
  await expect(plant(`import type { z } from "zod"; console.log("" as unknown as z.ZodType);`)).resolves.toBeDefined();
});

test("chunks that need each other are found", () => {
  const graph = (edges: Record<string, string[]>) =>
    circleIn(new Map(Object.entries(edges).map(([name, imports]) => [name, { imports }])));
  expect(graph({ a: ["b", "c"], b: ["c"], c: [] })).toBeUndefined();
  expect(graph({ a: ["b"], b: ["c"], c: ["b"] })).toEqual(["b", "c", "b"]);
  expect(graph({ a: [], b: ["b"] })).toEqual(["b", "b"]);
});
