import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { rootFolder } from "../postgres-binaries.ts";

/** The checkout. */
export const root = resolve(import.meta.dirname, "../..");

/** What zg keeps between runs: never committed. */
export const stateFolder = join(root, ".zg");

export function inRoot(...words: string[]): string {
  return join(root, ...words);
}

export function inState(...words: string[]): string {
  return join(stateFolder, ...words);
}

/**
 * The data folder of the embedded database: under .zg, except for root, whose PostgreSQL runs as `nobody` and may not
 * be able to reach the checkout.
 */
export function databaseFolder(): string {
  if (process.getuid?.() !== 0) return inState("database", "data");
  const checkout = createHash("sha256").update(root).digest("hex").slice(0, 10);
  return join(rootFolder, checkout, "data");
}

/** The environment of every program zg runs: its own Node, pnpm and the workspace's commands come first on PATH. */
export function toolEnvironment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const folders = [dirname(process.execPath), pnpmFolder(), inRoot("node_modules/.bin"), process.env["PATH"] ?? ""];
  return { ...process.env, PATH: folders.join(delimiter), ...extra };
}

function pnpmFolder(): string {
  const modules = inState("runtime", "node_modules");
  const { platforms } = JSON.parse(readFileSync(inRoot("tools/zg/runtime.json"), "utf8")) as {
    platforms: Record<string, { pnpm: { name: string } }>;
  };
  return join(modules, platforms[`${process.platform}-${process.arch}`]?.pnpm.name ?? "pnpm");
}

/** True once `path` (from the checkout's root) exists: parts of the workspace may be absent from a slim checkout. */
export function isPresent(path: string): boolean {
  return existsSync(inRoot(path));
}
