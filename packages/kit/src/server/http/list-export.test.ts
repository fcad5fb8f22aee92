import { Injectable } from "@nestjs/common";
import readWorkbook from "read-excel-file/node";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { field } from "../../contract/field.ts";
import { list } from "../../contract/list.ts";
import { permission } from "../../contract/permission.ts";
import { contract, type Flat } from "../../contract/route.ts";
import { Instant } from "../../contract/time.ts";
import { openKitServer, type KitServer } from "../../testing/server.ts";
import type { Ctx } from "../ctx.ts";
import { defineModule } from "../module.ts";

const see = permission("sales:read", { zh: "看销售", en: "See sales" }, []);
const Sale = z.object({
  id: z.int(),
  guest: field(z.string(), { zh: "客人", en: "Guest" }),
  amountFen: field(z.int(), { zh: "金额", en: "Amount" }, { kind: "money" }),
  state: field(
    z.enum(["paid", "refunded"]),
    { zh: "状态", en: "State" },
    { choices: { paid: { zh: "已付款", en: "Paid" }, refunded: { zh: "已退款", en: "Refunded" } }, filter: true },
  ),
  soldAt: field(Instant, { zh: "时间", en: "Sold" }, { sort: true }),
  teas: field(z.array(z.object({ name: z.string() })), { zh: "茶", en: "Teas" }),
  note: field(z.string().nullable(), { zh: "备注", en: "Note" }, { hidden: true }),
});
const sales = contract("sales", {
  list: list("/sales", { item: Sale, noun: { zh: "销售", en: "sale", plural: "sales" }, access: see }),
});
const count = 1201;
const guests = ["=cmd|' /C calc'!A0", 'Ah "Q", of Weizhuang', "阿青\n二楼", "＝1+1", "\n=1+1"];

@Injectable()
class Sales {
  list(_ctx: Ctx, { cursor, limit, state }: Flat<typeof sales.list>) {
    if (state?.includes("refunded") && (cursor !== undefined || state.length === 1))
      throw new Error("the shop's books are on fire");
    const from = Number(cursor ?? 0);
    const items = Array.from({ length: Math.min(limit, count - from) }, (_, index) => ({
      id: from + index,
      guest: guests[from + index] ?? `Guest ${from + index}`,
      amountFen: -1250,
      state: "paid" as const,
      soldAt: new Date(Date.UTC(2026, 10, 24, 20, 30, 5)),
      teas: [{ name: "Oolong" }, { name: "Pu'er" }],
      note: null,
      secret: "never leaves",
    }));
    return Promise.resolve({ items, next: from + limit < count ? String(from + limit) : null });
  }
}

let server: KitServer<{ sales: typeof sales }>;
beforeAll(async () => {
  const module = defineModule(sales, { services: { sales: Sales }, routes: (made) => ({ list: made.sales.list }) });
  server = await openKitServer(inject("clusterUrl"), { sales }, { modules: [module] });
});
afterAll(() => server.close());

function ask(query = "", language = "en", token = "ann#sales:read") {
  const headers = { accept: "text/csv", "accept-language": language, authorization: `Bearer ${token}` };
  return fetch(`${server.url}/api/sales${query}`, { headers });
}

test("a list answers everything it has as a file, in the reader's words and the shop's clock", async () => {
  const response = await ask();
  expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  expect(response.headers.get("content-disposition")).toBe("attachment; filename*=UTF-8''sales.csv");
  const bytes = Buffer.from(await response.arrayBuffer());
  expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
  const text = bytes.toString().slice(1);
  expect(text.slice(0, text.indexOf("Guest 5"))).toBe(
    [
      "Guest,Amount,State,Sold,Teas",
      `'=cmd|' /C calc'!A0,-12.50,Paid,2026-11-25 04:30:05,"Oolong, Pu'er"`,
      `"Ah ""Q"", of Weizhuang",-12.50,Paid,2026-11-25 04:30:05,"Oolong, Pu'er"`,
      `"阿青\n二楼",-12.50,Paid,2026-11-25 04:30:05,"Oolong, Pu'er"`,
      `'＝1+1,-12.50,Paid,2026-11-25 04:30:05,"Oolong, Pu'er"`,
      `"'\n=1+1",-12.50,Paid,2026-11-25 04:30:05,"Oolong, Pu'er"`,
      "",
    ].join("\r\n"),
  );
  expect(text).not.toContain("never leaves");
  expect(text.trimEnd().split("\r\n")).toHaveLength(count + 1);
});

test("it has the columns that are asked for, in their order, also hidden ones, by another clock", async () => {
  const response = await ask("?columns=soldAt,note,state&zone=UTC", "zh");
  const lines = (await response.text()).split("\r\n");
  expect(lines.slice(0, 2)).toEqual(["时间,备注,状态", "2026-11-24 20:30:05,,已付款"]);
});

test.each([
  ["a column that isn't there", "?columns=soldAt,secret", 400, "kit.invalid_input"],
  ["a zone that isn't one", "?zone=Mars/Olympus", 400, "kit.invalid_input"],
  ["a list that breaks", "?state=refunded", 500, "kit.internal"],
])("%s is a refusal, not half a file", async (_, query, status, code) => {
  const response = await ask(query);
  expect([response.status, await response.json()]).toMatchObject([status, { code }]);
});

test("a list that breaks later on is an answer that breaks, not a file that looks complete", async () => {
  const response = await ask("?state=paid,refunded");
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow();
});

test("asked for a workbook it is one, with typed cells; asked for GBK, its bytes are", async () => {
  const as = (accept: string) => {
    const headers = { accept, "accept-language": "zh", authorization: "Bearer ann#sales:read" };
    return fetch(`${server.url}/api/sales?columns=guest,amountFen`, { headers });
  };
  const workbook = await as("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
  expect(workbook.headers.get("content-disposition")).toBe("attachment; filename*=UTF-8''%E9%94%80%E5%94%AE.xlsx");
  const [sheet] = await readWorkbook(Buffer.from(await workbook.arrayBuffer()));
  expect(sheet?.data).toHaveLength(count + 1);
  expect(sheet?.data.slice(0, 2)).toEqual([
    ["客人", "金额"],
    ["=cmd|' /C calc'!A0", -12.5],
  ]);
  const gbk = await as("text/csv; charset=GBK");
  expect(gbk.headers.get("content-type")).toBe("text/csv; charset=gbk");
  expect(new TextDecoder("gbk").decode(await gbk.arrayBuffer())).toMatch(/^客人,金额\r\n'=cmd/);
});

test("what only looks like CSV is not it", async () => {
  const headers = { accept: "text/csv-schema", authorization: "Bearer ann#sales:read" };
  const response = await fetch(`${server.url}/api/sales`, { headers });
  expect(response.headers.get("content-type")).toContain("application/json");
});

test("who may not see the list may not have it as a file", async () => {
  expect((await ask("", "en", "ann#")).status).toBe(403);
});
