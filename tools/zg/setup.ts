import { mkdir, rm } from "node:fs/promises";
import { exclusively } from "../lock.ts";
import { capture, endLeftStep, retry, run } from "./commands.ts";
import { inRoot, inState, root, stateFolder } from "./paths.ts";
import type { Progress } from "./progress.ts";
import { runStep, type Step } from "./steps.ts";

const stampFolder = inState("steps");
const isNoTest = (path: string) => !/\.test\.tsx?$/.test(path);

/** Dependencies, from the frozen lock file; and the commit hook of a fresh clone. */
export async function setUp(progress: Progress): Promise<void> {
  await alone(progress, async () => {
    await showStep(progress, dependencies());
    await setHooks();
  });
}

/** The server's bundle and the console's pages. */
export async function build(progress: Progress): Promise<void> {
  await alone(progress, async () => {
    await showStep(progress, serverBundle());
    await showStep(progress, consolePages());
  });
}

/** The bundle alone: of a console that is being served, another build would take the files away. */
export async function buildServer(progress: Progress): Promise<void> {
  await alone(progress, () => showStep(progress, serverBundle()));
}

/**
 * Empties Vitest's caches when the compiler's flags or the versions have changed: it once took a file compiled under
 * the old flags for a good one, and passed.
 */
export async function refreshTestCaches(): Promise<void> {
  const folders = ["node_modules", "apps/server/node_modules", "apps/console/node_modules"];
  const caches = folders.flatMap((folder) => [".vite", ".vitest", ".vite-temp"].map((name) => inRoot(folder, name)));
  const flags = [
    "tsconfig.json",
    "tsconfig.base.json",
    "apps/console/tsconfig.json",
    "vitest.config.ts",
    "pnpm-lock.yaml",
  ];
  await runStep(stampFolder, root, {
    name: "test caches",
    inputs: { paths: flags.map((path) => inRoot(path)) },
    outputs: [],
    work: async () => {
      for (const cache of caches) await rm(cache, { recursive: true, force: true });
    },
  });
}

/** Two set-ups at once (a start and a test run, say) would write the same files. */
async function alone(progress: Progress, work: () => Promise<void>): Promise<void> {
  await mkdir(stateFolder, { recursive: true });
  const onWait = (holder: number) => progress.say(`… waiting for the set-up of process ${holder}`);
  await exclusively(inState("setup.lock"), { waitMs: 900_000, onWait }, async () => {
    await endLeftStep();
    await work();
  });
}

async function showStep(progress: Progress, step: Step): Promise<void> {
  await progress.step(step.name, async (remark) => {
    if (!(await runStep(stampFolder, root, step))) remark("unchanged");
  });
}

function dependencies(): Step {
  const manifests = (path: string) => path === "package.json" || /^[^/]+\/package\.json$/.test(path);
  return {
    name: "dependencies",
    inputs: {
      paths: ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", "apps", "packages"].map((path) => inRoot(path)),
      accepts: manifests,
      also: [process.platform, process.arch],
    },
    outputs: [inRoot("node_modules/.modules.yaml")],
    // CI: pnpm must not ask whether it may replace a half-made node_modules.
    work: () => retry(3, async () => void (await run("pnpm", ["install", "--frozen-lockfile"], { CI: "true" }))),
  };
}

function serverBundle(): Step {
  const parts = ["apps/server/src", "apps/server/package.json", "apps/server/rolldown.config.ts", "pnpm-lock.yaml"];
  const shared = ["packages/kit/src", "packages/sms/src", "packages/wechat/src", "tsconfig.json", "tsconfig.base.json"];
  return {
    name: "build server",
    inputs: { paths: [...parts, ...shared].map((path) => inRoot(path)), accepts: isNoTest },
    outputs: [inRoot("apps/server/dist/main.js")],
    work: async () => void (await run("rolldown", ["-c", inRoot("apps/server/rolldown.config.ts")])),
  };
}

function consolePages(): Step {
  const parts = ["apps/console", "apps/server/src", "packages/kit/src/contract", "packages/forms/src"];
  return {
    name: "build console",
    inputs: {
      paths: [...parts, "pnpm-lock.yaml", "tsconfig.base.json"].map((path) => inRoot(path)),
      // Of the server the console sees the contracts only.
      accepts: isNoTest,
    },
    outputs: [inRoot("apps/console/dist/index.html")],
    // Vitest says NODE_ENV=test, and Vite would build what developers see: twice the size, and kept for the next start.
    work: async () =>
      void (await run("pnpm", ["--filter", "@zhanggui/console", "build"], { CI: "true", NODE_ENV: "production" })),
  };
}

/** Points git at .githooks, unless this is no work tree or its owner has chosen other hooks. */
async function setHooks(): Promise<void> {
  const top = await capture("git", ["rev-parse", "--show-toplevel"]).catch(() => undefined);
  if (top?.code !== 0 || top.output.trim() !== root) return;
  const chosen = await capture("git", ["config", "--get", "core.hooksPath"]);
  if (chosen.code !== 0) await capture("git", ["config", "core.hooksPath", ".githooks"]);
}
