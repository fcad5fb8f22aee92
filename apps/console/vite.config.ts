import { createRequire } from "node:module";
import { join } from "node:path";
import vue from "@vitejs/plugin-vue";
import elementPlus from "unplugin-element-plus/vite";
import { contracts } from "@zhanggui/server/contracts";
import { defineConfig } from "vitest/config";
import { chunks } from "./build/chunks.ts";
import { contractsAsData } from "./build/contracts-as-data.ts";
import { precompressed } from "./build/precompressed.ts";
import { guards } from "./build/guards.ts";
import { words } from "./build/words.ts";
import { proxyOf } from "./dev-proxy.ts";

/** The server that the development server sends API calls to. */
const server = process.env["ZHANGGUI_SERVER"] ?? "http://127.0.0.1:8790";

/** Element Plus imports it without saying so in its package file; Vue brings it. */
const vueShared = createRequire(createRequire(import.meta.url).resolve("vue")).resolve(
  "@vue/shared/dist/shared.esm-bundler.js",
);

export default defineConfig(({ command }) => ({
  root: import.meta.dirname,
  plugins: [
    contractsAsData(),
    words(join(import.meta.dirname, "src")),
    vue(),
    elementPlus({}),
    guards(),
    precompressed(),
  ],
  resolve: {
    alias: {
      "@vue/shared": vueShared,
      "async-validator": join(import.meta.dirname, "build/async-validator.ts"),
      "@ctrl/tinycolor": join(import.meta.dirname, "build/tinycolor.ts"),
    },
  },
  define: {
    // Sentences are compiled when the console is built (`build/words.ts`).
    __INTLIFY_DROP_MESSAGE_COMPILER__: command === "build",
    __VUE_I18N_LEGACY_API__: false,
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  // Scripts and styles look for others beside themselves, wherever they were copied to; the page says where that is.
  experimental: { renderBuiltUrl: (_file, { hostType }) => (hostType === "html" ? undefined : { relative: true }) },
  server: { host: "127.0.0.1", proxy: { ...proxyOf(contracts, server) } },
  build: {
    outDir: "dist",
    target: "es2022",
    // The content security policy allows data: for pictures alone, so nothing else may be inlined.
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [{ name: chunks(join(import.meta.dirname, "src")) }],
        },
      },
    },
  },
  test: {
    name: "console",
    environment: "happy-dom",
    setupFiles: ["src/test-setup.ts"],
    // Vitest counts workers per group of projects; this one stands outside the root's count.
    sequence: { groupOrder: 1 },
    include: ["src/**/*.test.ts"],
    // It has Vite itself run, as those in build do: they are in the root's project of the console's build.
    exclude: ["src/dev-proxy.test.ts"],
    // Each file has its own globals, and not its own process: a process for each took four times as long.
    pool: "vmThreads",
    testTimeout: 120_000,
    expect: { requireAssertions: true, poll: { timeout: 60_000, interval: 10 } },
    // Node can't read the style sheets that its components import.
    server: { deps: { inline: ["element-plus"] } },
  },
}));
