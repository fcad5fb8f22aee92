import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Entry, type NewEntry, writeArchive } from "./archive.ts";
import { manifestName, verifiedManifest } from "./manifest.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zg-manifest-"));
});
afterAll(() => rm(folder, { recursive: true }));

const id = "01900000-0000-7000-8000-000000000001";

/** An archive that agrees with itself, whatever it names. */
async function archiveOf(names: readonly string[], files: number): Promise<string> {
  const path = join(folder, `${Math.random().toString(36).slice(2)}.tar.gz`);
  const seen: Entry[] = [];
  const entries = async function* (): AsyncGenerator<NewEntry, void, undefined> {
    for (const name of names) yield { name, bytes: 4, chunks: [Buffer.from("tea\n")] };
    const manifest = {
      format: 1,
      product: "1",
      postgres: "18",
      createdAt: "2026-11-30T00:00:00Z",
      keyIds: [],
      migrations: [],
      tables: [{ name: "links_link", columns: ["id"], rows: names.length }],
      sequences: [],
      files,
      missing: [],
      entries: seen,
    };
    const bytes = Buffer.from(JSON.stringify(manifest));
    yield { name: manifestName, bytes: bytes.length, chunks: [bytes] };
  };
  await writeArchive(path, entries(), (entry) => seen.push(entry));
  return path;
}

test("rows of a table that is listed, and files, have a place", async () => {
  const path = await archiveOf(["tables/links_link/00000001", `files/${id}/${id}`, `files/${id}/${id}-small`], 2);
  expect(await verifiedManifest(path)).toMatchObject({ files: 2 });
});

test.each([
  "tables/pg_authid/00000001",
  'tables/links_link" (id) FROM PROGRAM/00000001',
  "tables/links_link/../00000001",
  `files/../../${id}`,
  `files/${id}/../../etc`,
  "etc/passwd",
])("%s has none, however well the archive agrees with itself", async (name) => {
  await expect(verifiedManifest(await archiveOf([name], 0))).rejects.toThrow(/is damaged: .* has no place here/);
});

test("files are counted before anything is touched", async () => {
  await expect(verifiedManifest(await archiveOf([`files/${id}/${id}`], 2))).rejects.toThrow("has 1 files, not 2");
});
