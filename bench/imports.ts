import "@oxc-node/core/register";
import { measured, onShutdown } from "./support/clean-up.ts";
import { openCluster } from "./support/cluster.ts";
import { printMachine, printTable, shown } from "./support/figures.ts";

// Node itself doesn't run decorators; what has them is loaded when there is somebody who does.
const { openTestServer } = await import("@zhanggui/server/testing/test-server");

/*
 * A file of people (IMPORT_ROWS, 20,000) read, checked and imported by the server's own queue, as CSV and as a
 * workbook: rows a second of each phase, and the memory that the process had at most beyond what it had before. The
 * floor is a COPY of the same rows into the same table: no route, no rights, no audit log, no row that may fail alone.
 */
const rows = Number(process.env["IMPORT_ROWS"] ?? 20_000);
const megabyte = 1024 * 1024;
const names = Array.from({ length: rows }, (_, n) => `茶友 ${n}`);

interface Figure {
  readonly perSecond: number;
  readonly peakMegabytes: number;
}

async function watched(work: () => Promise<unknown>): Promise<Figure> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let peak = before;
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
  const from = performance.now();
  await work();
  clearInterval(timer);
  return { perSecond: rows / ((performance.now() - from) / 1000), peakMegabytes: (peak - before) / megabyte };
}

await measured(async () => {
  const server = await openTestServer(await openCluster());
  onShutdown(() => server.close());
  const bare = (tenantId: string): Promise<number> =>
    server.runtime.ctx(tenantId).tx((ctx) => {
      const at = ctx.now();
      const values = names.map((name) => [name, at, at] as const);
      return ctx.copyFrom("audience_person", ["displayName", "firstSeenAt", "lastSeenAt"], values);
    });
  const { ExportWriter } = await import("@zhanggui/kit/server/export/writer");
  const columns = [{ name: "name", label: { zh: "姓名", en: "Name" }, kind: "text", isNullable: true }];
  const fileOf = async (format: "xlsx" | "csv"): Promise<Buffer> => {
    const writer = new ExportWriter({ format, columns, language: "zh", zone: "UTC", name: "x" });
    const chunks = [writer.page(names.map((name) => ({ name })))];
    return Buffer.concat(await Array.fromAsync(writer.file(chunks)));
  };
  const phases = async (format: "xlsx" | "csv"): Promise<Figure[]> => {
    const { api } = await server.asOwner();
    const stream = await fileOf(format);
    const { id: fileId } = await api.files.upload({ name: `people.${format}`, stream, contentType: "text/plain" });
    let importId = "";
    const read = await watched(async () => {
      importId = (await api.imports.create({ target: "audience.createPerson", fileId })).id;
      await server.runUntilIdle();
    });
    await api.imports.check({ importId, mapping: ["displayName"] });
    const check = await watched(() => server.runUntilIdle());
    await api.imports.run({ importId });
    const run = await watched(() => server.runUntilIdle());
    const made = await api.imports.get({ importId });
    if (made.state !== "done" || made.created !== rows) throw new Error(`${format}: ${JSON.stringify(made)}`);
    return [read, check, run];
  };
  const { tenantId } = await server.asOwner();
  const floor = await watched(() => bare(tenantId));
  const [csv, workbook] = [await phases("csv"), await phases("xlsx")];
  printMachine();
  const line = (name: string, { perSecond, peakMegabytes }: Figure): string[] => [
    name,
    shown(perSecond),
    shown(peakMegabytes),
    shown(perSecond / floor.perSecond),
  ];
  const lines = (format: string, figures: readonly Figure[]): string[][] =>
    figures.map((figure, index) => line(`${format}: ${["read", "check", "import"][index] ?? ""}`, figure));
  printTable(
    [`${rows.toLocaleString("en")} people`, "rows/s", "peak MB above", "of the COPY"],
    [line("floor: COPY", floor), ...lines("CSV", csv), ...lines("workbook", workbook)],
  );
});
