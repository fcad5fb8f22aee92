import { globSync } from "node:fs";
import { cp, readFile, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { defineConfig, type Plugin } from "rolldown";

const here = import.meta.dirname;
const dist = join(here, "dist");

/** Copies the pages, which are served as they are. */
function pages(): Plugin {
  return {
    name: "pages",
    async writeBundle() {
      for (const source of globSync(join(here, "src/phone/*.{html,css,js,svg}")))
        await cp(source, join(dist, "phone", basename(source)));
    },
  };
}

/** Writes down the licences of what others wrote: a bundle that holds their code must hold them too. */
function licences(): Plugin {
  const folders = new Set<string>();
  return {
    name: "licences",
    moduleParsed({ id }) {
      const found = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
      if (found !== undefined) folders.add(found);
    },
    async writeBundle() {
      const texts = await Promise.all([...folders].toSorted().map(licenceOf));
      await writeFile(join(dist, "LICENCES.txt"), texts.join(`\n${"-".repeat(78)}\n\n`));
    },
  };
}

async function licenceOf(folder: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Record<string, string>;
  const [file] = globSync(join(folder, "{LICENSE,LICENCE,License,license}*"));
  const text = file === undefined ? "" : await readFile(file, "utf8");
  return `${manifest["name"]} ${manifest["version"]} (${manifest["license"]})\n\n${text}`;
}

/** Writes the manifest of what is published: it depends on nothing, since all of it is in the bundle. */
function manifest(): Plugin {
  return {
    name: "manifest",
    async writeBundle() {
      const own = JSON.parse(await readFile(join(here, "package.json"), "utf8")) as Record<string, unknown>;
      const { name, version, description, license } = own;
      const entry = (file: string) => ({ types: `./types/${file}.d.ts`, default: `./${file}.js` });
      const published = {
        name,
        version,
        description,
        license,
        keywords: ["wechat", "weixin", "emulator", "official-account", "testing"],
        type: "module",
        engines: { node: ">=20.15" },
        bin: { "zhanggui-emulator": "./cli.js" },
        exports: { ".": entry("emulator"), "./emulator": entry("emulator"), "./redirect": entry("redirect") },
      };
      await writeFile(join(dist, "package.json"), `${JSON.stringify(published, null, 2)}\n`);
      for (const file of ["README.md", "RULES.md"]) await cp(join(here, file), join(dist, file));
      await cp(resolve(here, "../../LICENSE"), join(dist, "LICENSE"));
    },
  };
}

export default defineConfig({
  input: {
    cli: join(here, "src/cli.ts"),
    emulator: join(here, "src/emulator.ts"),
    redirect: join(here, "src/redirect.ts"),
  },
  platform: "node",
  transform: { target: "node20" },
  tsconfig: resolve(here, "../../tsconfig.json"),
  plugins: [pages(), licences(), manifest()],
  output: {
    dir: dist,
    format: "esm",
    entryFileNames: "[name].js",
    // Beside the entries, so that import.meta.url finds the pages from whichever it is.
    chunkFileNames: "[name]-[hash].js",
    cleanDir: true,
    keepNames: true,
    // Half of the source that a process holds in memory is blanks and long names.
    minify: true,
  },
});
