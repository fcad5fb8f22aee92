import type { Plugin, Rolldown } from "vite";

type Chunk = Rolldown.OutputChunk;

const zod = /[\\/]node_modules[\\/]zod[\\/]/;

/** Refuses a build that would send zod to browsers, or whose chunks need each other: one of them runs too early. */
export function guards(): Plugin {
  return {
    name: "zhanggui:guards",
    apply: "build",
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((each) => each.type === "chunk");
      if (chunks.some(({ moduleIds }) => moduleIds.some((id) => zod.test(id)))) {
        const importers = [...this.getModuleIds()].flatMap((id) =>
          zod.test(id) ? (this.getModuleInfo(id)?.importers ?? []) : [],
        );
        const asking = new Set(importers.filter((id) => !zod.test(id)));
        this.error(`the browser needn't have zod, which these import: ${[...asking].join(", ")}`);
      }
      const circle = circleIn(new Map(chunks.map((chunk) => [chunk.fileName, chunk])));
      if (circle !== undefined) this.error(`chunks that need each other (build/chunks.ts): ${circle.join(" → ")}`);
    },
  };
}

/** Files that import each other in a circle, in their order; undefined if there are none. */
export function circleIn(chunks: ReadonlyMap<string, Pick<Chunk, "imports">>): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, above: readonly string[]): readonly string[] | undefined => {
    if (above.includes(name)) return [...above.slice(above.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const each of chunks.get(name)?.imports ?? []) {
      const circle = visit(each, [...above, name]);
      if (circle !== undefined) return circle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of chunks.keys()) {
    const circle = visit(name, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
