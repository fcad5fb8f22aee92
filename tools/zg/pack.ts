import { mkdir, rm } from "node:fs/promises";
import { run } from "./commands.ts";
import { inRoot, inState } from "./paths.ts";
import type { Progress } from "./progress.ts";
import { setUp } from "./setup.ts";

/** Where packages of our own are put. */
const packages = inState("packages");

/** Makes the emulator a package that runs without this repository, and prints where its tarball is. */
export async function pack(progress: Progress): Promise<number> {
  await setUp(progress);
  progress.say(await packEmulator());
  return 0;
}

/** @returns the tarball */
export async function packEmulator(folder = packages): Promise<string> {
  const emulator = inRoot("packages/emulator");
  await run("rolldown", ["-c", `${emulator}/rolldown.config.ts`]);
  await run("tsc", ["-p", `${emulator}/tsconfig.types.json`]);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const printed = await run("pnpm", ["--dir", `${emulator}/dist`, "pack", "--pack-destination", folder, "--json"]);
  return String((JSON.parse(printed) as { filename: string }).filename);
}
