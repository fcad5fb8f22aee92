import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";
import { Evaluator } from "./evaluator.ts";

const contractFile = /\.contract\.ts(\?permissions)?$/;
/** What contracts are made with. */
const kit = dirname(fileURLToPath(import.meta.resolve("@zhanggui/kit/contract/route")));

/**
 * What isn't given the whole contract as data. Pages are known before anybody has signed in, and name permissions only:
 * the contracts themselves come with what calls them.
 */
const wanted = [
  // And what a source itself imports.
  { by: /\.test\.ts$|\?source$/, part: "source" },
  { by: /\.pages\.ts$/, part: "permissions" },
];

/**
 * Gives the console each `*.contract.ts` as data (`kit/contract/data.ts`), so that zod never reaches a browser. Types
 * stay those of the sources. Tests import the sources themselves: they hold the console's code against the contract.
 */
export function contractsAsData(): Plugin {
  const evaluator = new Evaluator();
  return {
    name: "zhanggui:contracts-as-data",
    enforce: "pre",
    async resolveId(source, importer) {
      const asks = /\.contract(\.ts)?$/.test(source) ? wanted.find(({ by }) => by.test(importer ?? "")) : undefined;
      if (asks === undefined) return null;
      const found = await this.resolve(source, importer, { skipSelf: true });
      return found === null ? null : `${found.id}?${asks.part}`;
    },
    async load(id) {
      if (!contractFile.test(id)) return null;
      for (const name of readdirSync(kit)) this.addWatchFile(join(kit, name));
      const [file, kind = "contract"] = id.split("?") as [string, "permissions"?];
      return { code: await evaluator.run({ kind, file }), map: { mappings: "" } };
    },
    watchChange: () => evaluator.forget(),
  };
}
