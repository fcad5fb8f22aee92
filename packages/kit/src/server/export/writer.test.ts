import readWorkbook from "read-excel-file/node";
import { expect, test } from "vitest";
import { z } from "zod";
import { countLimit } from "../../contract/count-limit.ts";
import { field, fieldInfo } from "../../contract/field.ts";
import { Instant } from "../../contract/time.ts";
import { encodeGbk } from "./gbk.ts";
import { ExportWriter, type WriterOptions, WriterState } from "./writer.ts";

const Sale = z.object({
  guest: field(z.string(), { zh: "客人", en: "Guest" }),
  cups: field(z.int(), { zh: "杯", en: "Cups" }, { kind: "count" }),
  amountFen: field(z.int(), { zh: "金额", en: "Amount" }, { kind: "money" }),
  soldAt: field(Instant, { zh: "时间", en: "Sold" }),
  day: field(z.iso.date(), { zh: "日期", en: "Day" }),
  many: field(z.int(), { zh: "很多", en: "Many" }, { kind: "counted" }),
  isPaid: field(z.boolean(), { zh: "已付", en: "Paid" }),
});
const columns = Object.entries(Sale.shape).flatMap(([name, shape]) => fieldInfo(name, shape) ?? []);
const usual: WriterOptions = { format: "xlsx", columns, language: "zh", zone: "Asia/Shanghai", name: "销售" };
const sale = {
  guest: "王小明",
  cups: 3,
  amountFen: -1250,
  soldAt: "2026-11-24T20:30:05.000Z",
  day: "2026-11-25",
  many: countLimit + 1,
  isPaid: true,
};

async function fileOf(options: WriterOptions, pages: readonly (readonly object[])[]): Promise<Buffer> {
  const writer = new ExportWriter(options);
  const chunks = pages.map((rows) => writer.page(rows as readonly Record<string, unknown>[]));
  return Buffer.concat(await Array.fromAsync(writer.file(chunks)));
}

test("a reader of others' making finds numbers, money, times and texts in the workbook", async () => {
  const [sheet] = await readWorkbook(await fileOf(usual, [[sale]]));
  expect(sheet?.sheet).toBe("销售");
  expect(sheet?.data).toEqual([
    ["客人", "杯", "金额", "时间", "日期", "很多", "已付"],
    // By the shop's clock, which a sheet has no zone for.
    ["王小明", 3, -12.5, new Date("2026-11-25T04:30:05Z"), new Date("2026-11-25"), "10000+", "是"],
  ]);
});

test("texts stay what they are: formulas, markup, line breaks, blanks, what XML can't hold, Excel's own escapes", async () => {
  const texts = [
    "=cmd|' /C calc'!A0",
    "<b>&\"'",
    "一\n二",
    "  x ",
    "a\u0001b\ud800c",
    "_x0041_",
    "😀",
    "x".repeat(40_000),
  ];
  const file = await fileOf(usual, [texts.map((guest) => ({ ...sale, guest }))]);
  const [sheet] = await readWorkbook(file, { trim: false });
  const read = sheet?.data.slice(1).map(([guest]) => guest);
  expect(read).toEqual([...texts.slice(0, 4), "abc", "_x0041_", "😀", "x".repeat(32_767)]);
});

test("a file is the same in one go as by many processes, each going on with the state of the one before", async () => {
  const pages = Array.from({ length: 7 }, (_, page) =>
    Array.from({ length: 500 }, (_, n) => ({ ...sale, guest: `客人 ${page}-${n}` })),
  );
  for (const format of ["xlsx", "csv", "csv-gbk"] as const) {
    const options = { ...usual, format, sheetRows: 1200 };
    const whole = await fileOf(options, pages);
    let state = "";
    const chunks: Uint8Array[] = [];
    for (const rows of pages) {
      const writer = new ExportWriter(options, state === "" ? undefined : WriterState.parse(JSON.parse(state)));
      chunks.push(writer.page(rows));
      state = JSON.stringify(writer.state);
    }
    // As they come out of a store: cut anywhere.
    const bytes = Buffer.concat(chunks);
    const pieces = Array.from({ length: Math.ceil(bytes.length / 777) }, (_, n) =>
      bytes.subarray(n * 777, (n + 1) * 777),
    );
    const last = new ExportWriter(options, WriterState.parse(JSON.parse(state)));
    expect(Buffer.concat(await Array.fromAsync(last.file(pieces))).equals(whole), format).toBe(true);
    expect(last.state.rows).toBe(3500);
  }
});

test("what one sheet has no room for goes on in the next, each with its head", async () => {
  const pages = Array.from({ length: 5 }, () => Array.from({ length: 500 }, () => sale));
  const book = await readWorkbook(await fileOf({ ...usual, sheetRows: 1000 }, pages));
  expect(book.map(({ sheet, data }) => [sheet, data.length, data[0]?.[0]])).toEqual([
    ["销售", 1001, "客人"],
    ["销售 2", 1001, "客人"],
    ["销售 3", 501, "客人"],
  ]);
});

test("a day that sheets don't have is a text, and the workbook can still be read", async () => {
  const soldAt = ["0001-01-01T00:00:00.000Z", "1850-06-01T00:00:00.000Z", "9999-12-31T20:00:00.000Z"];
  const [sheet] = await readWorkbook(
    await fileOf({ ...usual, zone: "UTC" }, [soldAt.map((at) => ({ ...sale, soldAt: at }))]),
  );
  const [first, second, last] = sheet?.data.slice(1).map((row) => row[3]) ?? [];
  expect([typeof first, second, last]).toEqual(["string", "1850-06-01 00:00:00", new Date("9999-12-31T20:00:00Z")]);
  const [beyond] = await readWorkbook(await fileOf(usual, [[{ ...sale, soldAt: "9999-12-31T20:00:00.000Z" }]]));
  expect(beyond?.data[1]?.[3]).toBe("10000-01-01 04:00:00");
});

test("what would be a separator elsewhere doesn't end a cell of CSV", async () => {
  const file = await fileOf({ ...usual, format: "csv" }, [["a;=1+1", "a\t=1+1"].map((guest) => ({ ...sale, guest }))]);
  const lines = file.toString().split("\r\n");
  expect(lines.slice(1, 3).map((line) => line.split(",")[0])).toEqual(['"a;=1+1"', '"a\t=1+1"']);
});

test("nothing is a file with its head", async () => {
  const [sheet] = await readWorkbook(await fileOf(usual, [[]]));
  expect(sheet?.data).toHaveLength(1);
  expect((await fileOf({ ...usual, format: "csv", language: "en" }, [[]])).toString()).toBe(
    "\uFEFFGuest,Cups,Amount,Sold,Day,Many,Paid\r\n",
  );
});

test("the head stays in view, and what begins like a formula is marked as a text", async () => {
  const { unzip } = await import("../../testing/unzip.ts");
  const sheet = unzip(await fileOf(usual, [[{ ...sale, guest: "=1+1" }]])).get("xl/worksheets/sheet1.xml") ?? "";
  expect(sheet).toContain('<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>');
  expect(sheet).toContain('<c r="A2" s="5" t="inlineStr">');
});

test("what a page is missing isn't given as whole", async () => {
  const writer = new ExportWriter(usual);
  const chunk = writer.page([sale]);
  await expect(Array.fromAsync(writer.file([chunk.subarray(0, 10)]))).rejects.toThrow("a part of the file is missing");
});

test("GBK is what its decoder reads, and a question mark for what it lacks", () => {
  const decoder = new TextDecoder("gbk");
  const text = "掌柜，欢迎光临！ A-z 123\r\n";
  expect(decoder.decode(encodeGbk(text))).toBe(text);
  expect(encodeGbk("掌柜").toString("hex")).toBe("d5c6b9f1");
  expect(encodeGbk("€").toString("hex")).toBe("80");
  expect(encodeGbk("a😀b").toString()).toBe("a?b");
  let known = 0;
  for (let code = 0x80; code < 0xd800; code += 1) {
    const text = String.fromCodePoint(code);
    const back = decoder.decode(encodeGbk(text));
    if (back !== "?") expect(back).toBe(text);
    if (back === text) known += 1;
  }
  // GBK/5's hanzi and symbols: 21,886 characters (GBK 1.0), a few of which lie beyond.
  expect(known).toBeGreaterThan(21_700);
});
