import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The layers, from the ground up, as the registry lists them. */
export const layers = ["foundation", "engines", "products"] as const;

const registry = "apps/server/src/modules.ts";
const contracts = "apps/server/src/contracts.ts";

/**
 * Writes the files of a page whose blocks of code are headed by their paths, as those of docs/MODULE.md are. What is
 * for the two lists of modules is entered there.
 *
 * @returns the files' paths from the root
 */
export async function writeBlocks(page: string, root: string): Promise<string[]> {
  const blocks = [...page.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)];
  for (const [, path = "", text = ""] of blocks) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    if (path === registry) await writeFile(file, withModule(await readFile(file, "utf8"), text));
    else if (path === contracts) await writeFile(file, withContract(await readFile(file, "utf8"), text));
    else await writeFile(file, text);
  }
  return blocks.map(([, path = ""]) => path);
}

/** Enters a module behind the last one of its layer, or of those below. */
function withModule(list: string, entry: string): string {
  const layer = /layer: "(\w+)"/.exec(entry)?.[1] ?? "";
  const upTo = layers.slice(0, layers.findIndex((each) => each === layer) + 1);
  const last = Math.max(...upTo.map((each) => list.lastIndexOf(`layer: "${each}"`)));
  const closing = "\n  },\n";
  const end = list.indexOf(closing, last) + closing.length;
  return list.slice(0, end) + entry + list.slice(end);
}

function withContract(list: string, line: string): string {
  const name = /\{ (\w+) \}/.exec(line)?.[1] ?? "";
  const imports = [line, ...(list.match(/^import .*\n/gm) ?? [])];
  const pathOf = (each: string): string => each.slice(each.indexOf(" from "));
  const sorted = imports.toSorted((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
  const rest = list.replaceAll(/^import .*\n/gm, "");
  return sorted.join("") + rest.replace(/(export const contracts = \{[^}]*?),?\s*\};/, `$1, ${name} };`);
}
