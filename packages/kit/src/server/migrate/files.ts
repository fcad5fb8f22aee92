import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Audited } from "../../contract/audited.ts";
import type { PlatformTables } from "../policies.ts";

/** Where a module keeps its numbered files: `001_name.sql`, `002_name.ts`, … */
export interface MigrationFolder {
  readonly module: string;
  readonly folder: string;
  /** Its tables without a tenant, and what tenants may do with them. */
  readonly platformTables?: PlatformTables;
  /** Those of its tables that the audit log follows. */
  readonly audited?: Audited;
}

export interface Migration {
  readonly module: string;
  /** The file's name. */
  readonly name: string;
  readonly path: string;
  readonly text: string;
  readonly checksum: string;
  /**
   * - `transaction`: SQL, whole or not at all; the usual kind.
   * - `concurrent`: indexes built or dropped while others write, which PostgreSQL refuses inside a transaction.
   * - `backfill`: TypeScript that changes rows in batches.
   */
  readonly kind: "transaction" | "concurrent" | "backfill";
  /** Whether a server of the version before can go on working after it. */
  readonly additive: boolean;
}

/** Reads the files of every folder, in the order of the folders and then of their numbers. */
export async function readMigrations(folders: readonly MigrationFolder[]): Promise<Migration[]> {
  const lists = folders.map(async ({ module, folder }) => {
    const names = (await readdir(folder)).filter((name) => /\.(sql|ts)$/.test(name)).toSorted();
    const wrong = names.find((name, index) => !name.startsWith(`${String(index + 1).padStart(3, "0")}_`));
    if (wrong !== undefined) throw new Error(`${folder}: ${wrong} breaks the numbering 001_, 002_, …`);
    return Promise.all(names.map(async (name) => readMigration(module, folder, name)));
  });
  return (await Promise.all(lists)).flat();
}

async function readMigration(module: string, folder: string, name: string): Promise<Migration> {
  const path = join(folder, name);
  const text = await readFile(path, "utf8");
  const tags = tagsOf(text);
  const isBackfill = name.endsWith(".ts");
  const isConcurrent = tags.has("no-transaction");
  const place = `${module}/${name}`;
  if (isBackfill && isConcurrent) throw new Error(`${place}: a back-fill's batches are transactions`);
  // It runs years later, when the code it was written beside has changed.
  if (isBackfill && /^\s*(import|export)\s(?!type\b)[^;]*\bfrom\b/m.test(text)) {
    throw new Error(`${place}: a back-fill imports types only, so that it does the same in every version`);
  }
  const additive = tags.has("additive");
  const harm = additive && !isBackfill ? harmOf(withoutComments(text)) : undefined;
  if (harm !== undefined) throw new Error(`${place} says it is additive, and then: ${harm}`);
  return {
    module,
    name,
    path,
    text,
    checksum: createHash("sha256").update(text).digest("hex"),
    kind: isBackfill ? "backfill" : isConcurrent ? "concurrent" : "transaction",
    additive,
  };
}

/** What an older server, still reading and writing as it always did, would stumble over. */
const takesAway = new RegExp(
  [
    String.raw`\bDROP\s+(?:TABLE|COLUMN|DEFAULT|VIEW|FUNCTION|SCHEMA|TYPE|SEQUENCE|IDENTITY|EXPRESSION)\b`,
    // An ON CONFLICT names a key or an index; a value that could not be null is read without a question.
    String.raw`\bDROP\s+(?:CONSTRAINT|INDEX|NOT\s+NULL)\b`,
    String.raw`\bRENAME\b|\bTRUNCATE\b|\bCREATE\s+UNIQUE\b`,
    String.raw`\bSET\s+NOT\s+NULL\b|\bSET\s+DATA\s+TYPE\b|\bALTER\s+(?:COLUMN\s+)?\w+\s+TYPE\b`,
    String.raw`\bADD\s+(?:CONSTRAINT|CHECK|UNIQUE|FOREIGN|PRIMARY)\b`,
  ].join("|"),
  "i",
);

function harmOf(sql: string): string | undefined {
  const demanding = [...sql.matchAll(/\bADD\s+COLUMN\b[^,;]*/gi)]
    .map(([column]) => column.trim())
    .find((column) => /\bNOT\s+NULL\b/i.test(column) && !/\b(DEFAULT|GENERATED)\b/i.test(column));
  return takesAway.exec(sql)?.[0] ?? demanding;
}

/** The comments at the head that are a known word: `-- no-transaction`, `-- additive` (in TypeScript `// additive`). */
function tagsOf(text: string): ReadonlySet<string> {
  const tags = new Set<string>();
  for (const line of text.split("\n")) {
    const word = /^(?:--|\/\/)\s*(.*?)\s*$/.exec(line)?.[1];
    if (word === undefined) return tags;
    if (word === "no-transaction" || word === "additive") tags.add(word);
  }
  return tags;
}

export function withoutComments(sql: string): string {
  return sql.replaceAll(/--.*$/gm, "").replaceAll(/\/\*[\s\S]*?\*\//g, "");
}
