import { encodeGbk } from "@zhanggui/kit/server/export/gbk";
import { ExportWriter } from "@zhanggui/kit/server/export/writer";
import readWorkbook from "read-excel-file/node";
import { afterAll, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { addressOf, countsOf, Importing } from "./testing/importing.ts";

let on: Importing;
beforeAll(async () => {
  on = await Importing.open(inject("clusterUrl"));
});
afterAll(() => on.server.close());
beforeEach(() => on.begin());

const csv = `目标地址,标题,自定义后缀,失效时间,次数上限,备注
${addressOf(1)},春茶,spring-tea,2027-03-01 09:30,100,x
${addressOf(2)},夏茶,,2027/6/1,"1,000",
http://localhost/,坏的,bad-one,,,
${addressOf(3)},,spring-tea,,,
${addressOf(4)},秋茶,,soon,many,
`;

test("a file is read, its columns are known by their names, and it waits: nothing is written", async () => {
  const found = await on.read(csv);
  expect(found).toMatchObject({
    state: "ready",
    rows: 5,
    heads: ["目标地址", "标题", "自定义后缀", "失效时间", "次数上限", "备注"],
    mapping: ["url", "title", "slug", "expiresAt", "maxClicks", null],
    noun: { zh: "短链接" },
    list: "links.list",
    before: null,
  });
  expect(found.sample[0]).toEqual({
    row: 2,
    cells: [addressOf(1), "春茶", "spring-tea", "2027-03-01 09:30", "100", "x"],
  });
  const { items } = await on.owner.api.imports.preview({ importId: found.id, mapping: found.mapping });
  expect(items.map(({ row, errors }) => [row, errors.map(({ column }) => column)])).toEqual([[6, [3, 4]]]);
  expect(items[0]?.errors[0]?.text).toEqual({
    zh: "“soon”不是日期，请写成 2026-11-24 20:30",
    en: "“soon” is no date: write it like 2026-11-24 20:30",
  });
  expect(await on.links()).toEqual([]);
});

test("a check finds what an import finds, also what rows of one file have in common, and writes nothing", async () => {
  const before = await on.checked(csv, "refuse");
  expect(before).toMatchObject({ state: "ready", phase: "checking", rows: 5, done: 5 });
  expect(countsOf(before.checked!)).toEqual([2, 0, 0, 3]);
  expect(await on.links()).toEqual([]);
  const entries = await on.server.runtime.ctx(on.owner.tenantId).sql`SELECT 1 FROM links_counter`;
  expect(entries).toEqual([]);
  await on.owner.api.imports.run({ importId: before.id });
  await on.server.runUntilIdle();
  const after = await on.owner.api.imports.get({ importId: before.id });
  expect(after.state).toBe("done");
  expect(countsOf(after)).toEqual([2, 0, 0, 3]);
  expect(after.failures).toEqual(before.failures);
  expect(await on.links()).toEqual([
    ["/2", "夏茶", expect.any(String)],
    ["/1", "春茶", "spring-tea"],
  ]);
  const { items } = await on.owner.api.links.list({});
  expect(items.map(({ expiresAt, maxClicks }) => [expiresAt, maxClicks])).toEqual([
    ["2027-05-31T16:00:00.000Z", 1000],
    ["2027-03-01T01:30:00.000Z", 100],
  ]);
  const { items: told } = await on.owner.api.notifications.list({});
  expect(told[0]).toMatchObject({
    link: `/imports/${before.id}`,
    title: { zh: expect.stringContaining("新增 2 条") as string },
  });
});

test("rows of two batches that are about one thing are met in a check as they are in an import", async () => {
  const rows = Array.from({ length: 350 }, (_, n) => `${addressOf(n)},same-${n % 300}`);
  const content = `url,slug\n${rows.join("\n")}\n`;
  for (const [way, expected] of [
    ["skip", [300, 0, 50, 0]],
    ["refuse", [300, 0, 0, 50]],
    ["update", [300, 50, 0, 0]],
  ] as const) {
    const who = await on.server.asOwner();
    const own = content.replaceAll("same", way);
    const check = await on.checked(own, way, who);
    expect([way, ...countsOf(check.checked!)]).toEqual([way, ...expected]);
    await who.api.imports.run({ importId: check.id });
    await on.server.runUntilIdle();
    expect([way, ...countsOf(await who.api.imports.get({ importId: check.id }))]).toEqual([way, ...expected]);
  }
});

test("people come with names, phones and tags; whoever is there is skipped, refused, or told what the row says", async () => {
  const head = "姓名,手机,E-mail,客户标签\n";
  const first = `${head}林小满,138 0000-4321,xiaoman@lantern-tea.example,老客户、绿茶\nAnna,+8613900000000,,\n无名,,,\n坏号码,12,,\n`;
  expect(countsOf(await on.ran(first, "skip", on.owner, "audience.createPerson"))).toEqual([3, 0, 0, 1]);
  const people = async () =>
    (await on.owner.api.audience.listPeople({ sort: "firstSeenAt" })).items
      .map(({ displayName, phone, mail, tags }) => [displayName, phone, mail, tags.map(({ name }) => name).toSorted()])
      .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  const known = await people();
  expect(known).toEqual([
    ["Anna", "+8613900000000", null, []],
    ["无名", null, null, []],
    ["林小满", "13800004321", "xiaoman@lantern-tea.example", ["绿茶", "老客户"]],
  ]);
  const again = `${head}小满,13800004321,,红茶\n`;
  expect(countsOf(await on.ran(again, "skip", on.owner, "audience.createPerson"))).toEqual([0, 0, 1, 0]);
  expect(countsOf(await on.ran(again, "refuse", on.owner, "audience.createPerson"))).toEqual([0, 0, 0, 1]);
  expect(await people()).toEqual(known);
  expect(countsOf(await on.ran(again, "update", on.owner, "audience.createPerson"))).toEqual([0, 1, 0, 0]);
  expect(await people()).toContainEqual(
    ["林小满", "13800004321", "xiaoman@lantern-tea.example", ["红茶", "绿茶", "老客户"]].with(0, "小满"),
  );
});

test("what failed comes back as it was, in the file's own format, with the reason, and nothing in it runs", async () => {
  const bad = `url,标题,=cmd()\n${addressOf(1)},ok,1\nnowhere,=1+1,+2\n`;
  const { id } = await on.ran(bad);
  expect((await on.errors(id)).toString()).toBe(
    `\uFEFFurl,标题,'=cmd(),Reason\r\nnowhere,'=1+1,'+2,url: “nowhere” can't be led to: give an http(s) address of a public domain, without a user name, or a weixin:// one.\r\n`.replace(
      /,(url: .*)\r/,
      ',"$1"\r',
    ),
  );
  const { id: inGbk } = await on.ran(encodeGbk(`网址,标题\nnowhere,春茶\n`));
  expect(new TextDecoder("gbk").decode(await on.errors(inGbk))).toContain("nowhere,春茶,");
  const columns = ["目标地址", "次数上限"].map((name) => ({
    name,
    label: { zh: name, en: name },
    kind: "text",
    isNullable: true,
  }));
  const writer = new ExportWriter({ format: "xlsx", columns, language: "zh", zone: "UTC", name: "x" });
  const chunk = writer.page([
    { 目标地址: addressOf(7), 次数上限: 5 },
    { 目标地址: "=nowhere", 次数上限: 5 },
    { 目标地址: addressOf(8), 次数上限: 0 },
  ]);
  const bytes = Buffer.concat(await Array.fromAsync(writer.file([chunk])));
  const { id: importId, mapping } = await on.read(bytes, on.owner, "links.xlsx");
  await on.owner.api.imports.check({ importId, mapping });
  await on.server.runUntilIdle();
  const [sheet] = await readWorkbook(await on.errors(importId));
  expect(sheet?.data.map((row) => row.slice(0, 2))).toEqual([
    ["目标地址", "次数上限"],
    ["=nowhere", 5],
    [addressOf(8), 0],
  ]);
  expect(sheet?.data[2]?.[2]).toMatch(/^次数上限: /);
  expect(
    await refusal(on.owner.api.imports.errors({ importId: (await on.checked(`url\n${addressOf(9)}\n`)).id })),
  ).toMatchObject({
    code: "kit.conflict",
  });
});

test("what failed is mended and brought again, and only that is taken", async () => {
  const { id } = await on.ran(`url,slug\n${addressOf(1)},mend-1\nnowhere,mend-2\n`);
  const mended = (await on.errors(id)).toString().replace("nowhere", addressOf(2));
  const { mapping, id: importId } = await on.read(mended);
  expect(mapping).toEqual(["url", "slug", null]);
  await on.owner.api.imports.check({ importId, mapping });
  await on.server.runUntilIdle();
  await on.owner.api.imports.run({ importId });
  await on.server.runUntilIdle();
  expect((await on.links()).map(([path, , slug]) => [path, slug])).toEqual([
    ["/2", "mend-2"],
    ["/1", "mend-1"],
  ]);
});

test("a template is read back with every column known", async () => {
  for (const format of ["xlsx", "csv", "csv-gbk"] as const) {
    for (const target of ["links.create", "audience.createPerson"] as const) {
      const { stream, fileName } = await on.owner.api.imports.template({ target, format, language: "zh" });
      const bytes = Buffer.concat(await Array.fromAsync(stream as unknown as AsyncIterable<Uint8Array>));
      const { mapping, id: importId, rows } = await on.read(bytes, on.owner, fileName, target);
      expect([rows, mapping.includes(null)]).toEqual([1, false]);
      expect((await on.owner.api.imports.preview({ importId, mapping })).items).toEqual([]);
    }
  }
});

test("columns that don't fit are refused, and so is running what wasn't checked", async () => {
  const { id: importId } = await on.read(`a,b\n${addressOf(1)},x\n`);
  const wrong = (mapping: (string | null)[]) => refusal(on.owner.api.imports.check({ importId, mapping }));
  const bad = { code: "imports.bad_mapping" };
  expect(await wrong([null, null])).toMatchObject({
    ...bad,
    details: { explanationEn: "choose a column for Leads to" },
  });
  expect(await wrong(["url", "url"])).toMatchObject(bad);
  expect(await wrong(["url", "__proto__"])).toMatchObject(bad);
  expect(await wrong(["url", "password"])).toMatchObject(bad);
  expect(await wrong(["url"])).toMatchObject(bad);
  expect(await refusal(on.owner.api.imports.run({ importId }))).toMatchObject({ code: "kit.conflict" });
  await on.owner.api.imports.check({ importId, mapping: ["url", null] });
  expect(await refusal(on.owner.api.imports.run({ importId }))).toMatchObject({ code: "kit.conflict" });
  await on.server.runUntilIdle();
  expect(await on.owner.api.imports.run({ importId })).toMatchObject({ state: "waiting", phase: "importing" });
  await on.server.runUntilIdle();
});

test("heads that stand twice, are empty, or are called __proto__ are only names", async () => {
  const {
    id: importId,
    heads,
    mapping,
    sample,
  } = await on.read(`__proto__,url,url,,constructor\n1,${addressOf(1)},2,3,4\n`);
  expect(heads).toEqual(["__proto__", "url", "url (2)", "#4", "constructor"]);
  expect(mapping).toEqual([null, "url", null, null, null]);
  expect(sample[0]?.cells).toEqual(["1", addressOf(1), "2", "3", "4"]);
  await on.owner.api.imports.check({ importId, mapping });
  await on.server.runUntilIdle();
  expect(countsOf((await on.owner.api.imports.get({ importId })).checked!)).toEqual([1, 0, 0, 0]);
});

test("a file that can't be read is told with its row, and none of it is taken", async () => {
  const cases: [content: string | Uint8Array, name: string, why: string][] = [
    [`url\n"${addressOf(1)}\n`, "a.csv", "Row 2, column 1: a quote isn't closed"],
    [`url\n`, "a.csv", "The file has no rows below its heads"],
    ["PK\x03\x04 but no zip", "a.xlsx", "This is no sound Excel workbook"],
  ];
  for (const [content, name, why] of cases) {
    const found = await on.read(content, on.owner, name);
    expect([found.state, found.why?.en]).toEqual(["failed", expect.stringContaining(why)]);
  }
  await on.owner.api.settings.change({ key: "imports.maxRows", value: 2, version: 0 });
  expect((await on.read(`url\na\nb\nc\n`)).why?.en).toContain("more than 2 rows");
  const png = Buffer.from("89504e470d0a1a0a", "hex");
  expect(await refusal(on.upload("a.csv", png))).toMatchObject({ code: "files.wrong_name" });
  const text = await on.upload("a.pdf.txt", "x");
  expect(await refusal(on.owner.api.imports.create({ target: "links.list", fileId: text }))).toMatchObject({
    code: "imports.no_such_target",
  });
  const zip = await on.upload("a.zip", "PK\x03\x04");
  expect(await refusal(on.owner.api.imports.create({ target: "links.create", fileId: zip }))).toMatchObject({
    code: "imports.not_a_table",
  });
  await on.owner.api.settings.change({ key: "imports.maxMegabytes", value: 1, version: 0 });
  const large = await on.upload("a.csv", "x".repeat(1024 * 1024 + 1));
  expect(await refusal(on.owner.api.imports.create({ target: "links.create", fileId: large }))).toMatchObject({
    code: "imports.file_too_large",
  });
});

test("a body of 10 GB is refused before a byte of it is read", async () => {
  const { port } = new URL(on.server.url);
  const { connect } = await import("node:net");
  const socket = connect(Number(port), "127.0.0.1");
  const answer = new Promise<string>((resolve) => socket.once("data", (data) => resolve(data.toString())));
  socket.write(
    `POST /api/files?name=a.csv HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${on.owner.accessToken}\r\n` +
      `content-type: text/csv\r\ncontent-length: ${10 * 1024 ** 3}\r\n\r\n`,
  );
  expect(await answer).toContain("413");
  socket.destroy();
});

test("the same file again is told, with when and by whom, and allowed", async () => {
  const content = `url,slug\n${addressOf(1)},twice\n`;
  await on.ran(content);
  const again = await on.read(content);
  expect(again.before).toEqual({ at: expect.any(String) as string, name: expect.any(String) as string });
  expect((await on.read(`${content}\n${addressOf(2)},other\n`)).before).toBeNull();
});

test("somebody else's import is there for nobody, but for who may stop everybody's", async () => {
  const { id: importId } = await on.read(csv);
  const stranger = await on.server.asOwner();
  const maker = await on.server.asHolderOf(["links:write"], on.owner);
  for (const who of [stranger, maker])
    for (const call of ["get", "run", "pause", "resume", "cancel", "errors", "delete"] as const)
      expect(await refusal(who.api.imports[call]({ importId }))).toMatchObject({ code: "kit.not_found" });
  const manager = await on.server.asHolderOf(["imports:manage"], on.owner);
  expect(await manager.api.imports.get({ importId })).toMatchObject({
    heads: [],
    sample: [],
    failures: [],
    isOwn: false,
  });
  expect(await refusal(manager.api.imports.run({ importId }))).toMatchObject({ code: "kit.not_found" });
});

test("who may not add such things can't import them, and who may not send a column has none", async () => {
  const reader = await on.server.asHolderOf(["links:read", "audience:write"], on.owner);
  const { items } = await reader.api.imports.listTargets();
  expect(items.map(({ id }) => id)).toEqual(["audience.createPerson"]);
  expect(items[0]?.columns.map(({ name }) => name)).toEqual(["displayName", "tags"]);
  const fileId = await on.upload("a.csv", csv, reader);
  expect(await refusal(reader.api.imports.create({ target: "links.create", fileId }))).toMatchObject({
    code: "kit.forbidden",
  });
  const found = await on.read("姓名,手机\nAnna,13800000000\n", reader, "a.csv", "audience.createPerson");
  expect(found.mapping).toEqual(["displayName", null]);
});
