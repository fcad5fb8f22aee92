import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ExportWriter } from "./writer.ts";

const run = promisify(execFile);

/** Where LibreOffice is, if it is. */
async function soffice(): Promise<string | undefined> {
  for (const name of ["soffice", "libreoffice"]) {
    const found = await run("which", [name]).catch(() => undefined);
    if (found !== undefined) return found.stdout.trim();
  }
  return undefined;
}

test("LibreOffice opens a workbook of ours and finds every cell, and runs none", async ({ skip }) => {
  const program = await soffice();
  if (program === undefined) return skip("LibreOffice (soffice) isn't installed on this machine");
  const folder = await mkdtemp(join(tmpdir(), "zg-office-"));
  const column = (name: string, kind: string) => ({ name, label: { zh: name, en: name }, kind, isNullable: true });
  const columns = [column("name", "text"), column("cups", "number"), column("at", "instant")];
  const writer = new ExportWriter({ format: "xlsx", columns, language: "en", zone: "UTC", name: "Teas" });
  const rows = [
    { name: "春茶", cups: 3, at: "2026-11-24T20:30:05Z" },
    { name: "=1+1", cups: 0.5, at: null },
  ];
  const bytes = Buffer.concat(await Array.fromAsync(writer.file([writer.page(rows)])));
  await writeFile(join(folder, "teas.xlsx"), bytes);
  const profile = `-env:UserInstallation=file://${folder}/profile`;
  const filter = "csv:Text - txt - csv (StarCalc):44,34,76,1";
  await run(program, [profile, "--headless", "--convert-to", filter, "--outdir", folder, join(folder, "teas.xlsx")]);
  const text = await readFile(join(folder, "teas.csv"), "utf8");
  expect(text.trim().split(/\r?\n/)).toEqual(["name,cups,at", "春茶,3,2026-11-24 20:30:05", "=1+1,0.5,"]);
  await rm(folder, { recursive: true });
});
