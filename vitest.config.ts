import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tests/setup/longest-first.ts";
import { patient } from "./tests/setup/patience.ts";

// Processes of tests start hundreds of times: what Node has compiled is kept.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(new URL(".zg/compiled", import.meta.url));

const cluster = "./tests/setup/cluster.ts";

/** Servers that tests open in their own process: their passwords cost next to nothing. */
const quickPasswords = {
  alias: { "@node-rs/argon2": fileURLToPath(new URL("apps/server/src/testing/quick-argon2.ts", import.meta.url)) },
};

/** The console brings its own configuration (Vue, a browser's document) once it has one. */
const consoleProject = existsSync(new URL("apps/console/vite.config.ts", import.meta.url)) ? ["apps/console"] : [];

export default defineConfig({
  test: {
    // The heavy part is the database, which all workers share: more of them gain nothing on a small machine.
    maxWorkers: Math.min(4, availableParallelism()),
    sequence: { sequencer: LongestFirst },
    // For what never comes: what comes late, on a machine that others use meanwhile, has come.
    testTimeout: patient(240_000),
    hookTimeout: patient(180_000),
    expect: {
      // Asserting nothing is the commonest test that can't fail.
      requireAssertions: true,
      // What comes ends the wait, so it costs nothing to wait long for what comes late.
      poll: { timeout: patient(60_000), interval: 20 },
    },
    // A page whose test is over may still have asked for a part of itself, which nobody waits for any more.
    onUnhandledError: ({ message }) => message !== "Vite module runner has been closed.",
    // `--changed` follows imports. These are read in other ways, by whatever opens a database or starts a server.
    forceRerunTriggers: ["**/*.sql", "**/pnpm-lock.yaml", "**/vitest.config.ts", "**/tests/setup/**", "**/tools/*.ts"],
    projects: [
      {
        resolve: quickPasswords,
        test: {
          // unit, module and http: beside the file they test
          name: "server",
          include: ["packages/**/*.test.ts", "apps/server/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**", "packages/emulator/src/phone/**"],
          globalSetup: cluster,
          // Loading Nest again for each file costs more than the tests themselves.
          isolate: false,
        },
      },
      ...consoleProject,
      {
        test: {
          name: "console-build",
          include: ["apps/console/build/**/*.test.ts", "apps/console/src/dev-proxy.test.ts"],
        },
      },
      { test: { name: "upgrade", include: ["tests/upgrade/*.test.ts"], globalSetup: cluster, isolate: false } },
      {
        resolve: quickPasswords,
        test: {
          name: "wire",
          include: ["tests/wire/**/*.test.ts"],
          globalSetup: cluster,
          isolate: false,
        },
      },
      {
        test: {
          name: "simulation",
          include: ["tests/simulation/**/*.test.ts"],
          globalSetup: cluster,
          testTimeout: patient(400_000),
          isolate: false,
        },
      },
      {
        test: {
          name: "journey",
          include: ["tests/journeys/**/*.test.ts"],
          globalSetup: cluster,
          // Each journey drives a browser, a server and an emulator: two at a time, after all else.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
          // One browser, and one load of what a journey needs, for all that a process plays.
          isolate: false,
        },
      },
      {
        test: {
          name: "workshop",
          include: ["tests/*.test.ts", "tools/**/*.test.ts"],
          // The whole command on a copy of the project, with the tests of two new modules.
          hookTimeout: patient(420_000),
        },
      },
    ],
  },
});
