import { globSync } from "node:fs";
import { cp, readFile, rm } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { defineConfig, type Plugin } from "rolldown";

const here = import.meta.dirname;
const dist = join(here, "dist");

/**
 * Bundles the workspace's own packages; what the registry published stays outside and must be a declared dependency.
 */
function declaredDependencies(): Plugin {
  let declared: Set<string>;
  return {
    name: "declared-dependencies",
    async buildStart() {
      const manifest = JSON.parse(await readFile(join(here, "package.json"), "utf8")) as {
        dependencies: Record<string, string>;
      };
      declared = new Set(Object.keys(manifest.dependencies));
    },
    resolveId(source, importer) {
      const isOwn = source.startsWith(".") || source.startsWith("/") || source.startsWith("@zhanggui/");
      if (importer === undefined || isOwn || source.startsWith("\0")) return null;
      if (source.startsWith("node:")) return { id: source, external: true };
      const name = source.split("/", source.startsWith("@") ? 2 : 1).join("/");
      // dist/main.js is all that production has: it can't look into the node_modules of packages/kit.
      if (!declared.has(name)) {
        this.error(`"${name}" (imported by ${importer}) must be in the dependencies of apps/server/package.json.`);
      }
      return { id: source, external: true };
    },
  };
}

/** Copies every module's migrations to dist/migrations/<module>/, where the bundled main looks for them. */
function migrations(): Plugin {
  return {
    name: "migrations",
    async writeBundle() {
      const target = join(dist, "migrations");
      await rm(target, { recursive: true, force: true });
      const sources = [
        ...globSync(join(here, "src/*/*/migrations/*.{sql,ts}")),
        ...globSync(resolve(here, "../../packages/kit/src/server/migrations/*.{sql,ts}")),
      ];
      for (const source of sources) {
        const owner = source.startsWith(join(here, "src") + sep) ? basename(dirname(dirname(source))) : "kit";
        await cp(source, join(target, owner, basename(source)));
      }
    },
  };
}

/** Copies the small pages that modules serve by themselves to dist/pages/<module>/. */
function pages(): Plugin {
  return {
    name: "pages",
    async writeBundle() {
      const target = join(dist, "pages");
      await rm(target, { recursive: true, force: true });
      for (const source of globSync(join(here, "src/*/*/page/*.{html,css,js}"))) {
        await cp(source, join(target, basename(dirname(dirname(source))), basename(source)));
      }
    },
  };
}

export default defineConfig({
  input: join(here, "src/main.ts"),
  platform: "node",
  // Nest injects by the types that the decorators leave behind: the flags come from the tsconfig.
  tsconfig: resolve(here, "../../tsconfig.json"),
  plugins: [declaredDependencies(), migrations(), pages()],
  output: {
    dir: dist,
    format: "esm",
    entryFileNames: "main.js",
    // One file, so that import.meta.url means the same in every module: dist/main.js.
    codeSplitting: false,
    sourcemap: true,
    cleanDir: true,
    keepNames: true,
  },
});
