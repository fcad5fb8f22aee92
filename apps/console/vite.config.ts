import { createRequire } from "node:module";
import vue from "@vitejs/plugin-vue";
import elementPlus from "unplugin-element-plus/vite";
import { contracts } from "@zhanggui/server/contracts";
import { defineConfig } from "vitest/config";
import { proxyOf } from "./dev-proxy.ts";

/** The server that the development server sends API calls to. */
const server = process.env["ZHANGGUI_SERVER"] ?? "http://127.0.0.1:8790";

/** Element Plus imports it without saying so in its package file; Vue brings it. */
const vueShared = createRequire(createRequire(import.meta.url).resolve("vue")).resolve(
  "@vue/shared/dist/shared.esm-bundler.js",
);

export default defineConfig({
  root: import.meta.dirname,
  plugins: [vue(), elementPlus({})],
  resolve: { alias: { "@vue/shared": vueShared } },
  define: {
    __VUE_OPTIONS_API__: true,
    __VUE_PROD_DEVTOOLS__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  server: { host: "127.0.0.1", proxy: { ...proxyOf(contracts, server) } },
  build: {
    outDir: "dist",
    target: "es2022",
    // The content security policy allows data: for pictures alone, so nothing else may be inlined.
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // Zod is told not to use `new Function` before any contract is made: that must stand in the same chunk.
          groups: [{ name: "zod", test: /[\\/]node_modules[\\/]zod[\\/]|zod-without-eval/ }],
        },
      },
    },
  },
  test: {
    name: "console",
    environment: "happy-dom",
    // Vitest counts workers per group of projects; this one stands outside the root's count.
    sequence: { groupOrder: 1 },
    include: ["src/**/*.test.ts"],
    expect: { requireAssertions: true },
    // Node can't read the style sheets that its components import.
    server: { deps: { inline: ["element-plus"] } },
  },
});
