import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type NewEntry, writeArchive } from "./archive.ts";

test("what is too large for the head of a tar is refused, and leaves nothing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "zg-archive-"));
  const entries = async function* (): AsyncGenerator<NewEntry, void, undefined> {
    yield await Promise.resolve({ name: "files/large", bytes: 8 ** 11, chunks: [] });
  };
  await expect(writeArchive(join(folder, "tea.tar.gz"), entries(), () => {})).rejects.toThrow(
    "more than an archive takes",
  );
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});
