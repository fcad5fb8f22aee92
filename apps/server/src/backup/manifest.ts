import { createHash } from "node:crypto";
import { OperatorError } from "@zhanggui/kit/server/operator-error";
import { z } from "zod";
import { damaged, type Entry, readArchive } from "./archive.ts";

export const manifestName = "manifest.json";

const Manifest = z.object({
  format: z.literal(1),
  product: z.string(),
  postgres: z.string(),
  createdAt: z.string(),
  /** Of the keys that sealed what is in it: none of them is in it. */
  keyIds: z.array(z.string()),
  migrations: z.array(z.object({ module: z.string(), name: z.string(), checksum: z.string() })),
  tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()), rows: z.int() })),
  /** Where each sequence stands. */
  sequences: z.array(z.object({ name: z.string(), value: z.string(), isCalled: z.boolean() })),
  files: z.int(),
  /** Files that have a row, and no bytes. */
  missing: z.array(z.string()),
  entries: z.array(z.object({ name: z.string(), bytes: z.int(), sha256: z.string() })),
});
export type Manifest = z.output<typeof Manifest>;

/**
 * Reads an archive to its end and holds every entry against its manifest, which stands last.
 *
 * @throws OperatorError for one that is damaged, or of another format
 */
export async function verifiedManifest(path: string): Promise<Manifest> {
  const found: Entry[] = [];
  let text: string | undefined;
  for await (const { name, bytes, chunks } of readArchive(path)) {
    const hash = createHash("sha256");
    const kept: Uint8Array[] = [];
    for await (const chunk of chunks) {
      hash.update(chunk);
      if (name === manifestName) kept.push(chunk);
    }
    if (name === manifestName) text = Buffer.concat(kept).toString("utf8");
    else found.push({ name, bytes, sha256: hash.digest("hex") });
  }
  if (text === undefined) throw new OperatorError(`${path} is damaged: it has no manifest`);
  const manifest = parsed(path, text);
  const known = new Map(manifest.entries.map((entry) => [entry.name, entry.sha256]));
  const wrong = found.find(({ name, sha256 }) => known.get(name) !== sha256);
  if (wrong !== undefined) throw new OperatorError(`${path} is damaged: ${wrong.name} isn't what was written`);
  if (found.length !== known.size) throw new OperatorError(`${path} is damaged: it lacks entries`);
  demandPlaces(path, manifest, found);
  return manifest;
}

/** What has a place: rows of a listed table, and files. Whoever made an archive by hand may have named others. */
function demandPlaces(path: string, { tables, files }: Manifest, found: readonly Entry[]): void {
  const listed = new Set(tables.map(({ name }) => name));
  const isFile = (name: string): boolean => /^files\/[0-9a-f-]{36}\/[0-9a-f-]{36}(?:-small)?$/.test(name);
  const isRows = (name: string): boolean => listed.has(/^tables\/([a-z0-9_]+)\/\d{8}$/.exec(name)?.[1] ?? "");
  const stray = found.find(({ name }) => !isFile(name) && !isRows(name));
  if (stray !== undefined) throw new OperatorError(`${path} is damaged: ${stray.name} has no place here`);
  const counted = found.filter(({ name }) => isFile(name)).length;
  if (counted !== files) throw new OperatorError(`${path} is damaged: it has ${counted} files, not ${files}`);
}

function parsed(path: string, text: string): Manifest {
  try {
    return Manifest.parse(JSON.parse(text));
  } catch (error) {
    throw damaged(path, error);
  }
}
