import { Transformer } from "@napi-rs/image";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { FilesService } from "./files.service.ts";
import { onePixel, photograph } from "./testing/pictures.ts";

let server: TestServer;
let owner: Member;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
});
afterAll(() => server.close());
beforeEach(async () => {
  owner = await server.asOwner();
});

const dayMs = 86_400_000;
const text = (content: string) => new Uint8Array(Buffer.from(content));
const upload = (name: string, stream: Uint8Array, who = owner) =>
  who.api.files.upload({ name, stream, contentType: "application/octet-stream" });
async function bytesOf(fileId: string, who = owner, range?: string): Promise<Buffer> {
  const { body } = await who.api.files.download({ fileId, headers: range === undefined ? {} : { range } });
  return Buffer.from(await new Response(body.stream).arrayBuffer());
}
/** What lies in the storage of the owner's tenant. */
const stored = () => readdir(join(server.runtime.env.FILES_DIR, "files", owner.tenantId)).catch(() => []);
const rows = async () => (await server.runtime.ctx(owner.tenantId).sql`SELECT id FROM files_file`).length;
const ask = (url: string, headers: Record<string, string> = {}) => fetch(url, { headers, redirect: "manual" });

test("a file comes back as it went in, by its name, with a type that its content says", async () => {
  const file = await upload("报表 (终版)'s.csv", text("茶,数量\n龙井,3\n"));
  expect(file).toMatchObject({ name: "报表 (终版)'s.csv", type: "text/csv", sizeBytes: 20, isOwn: true, usedBy: [] });
  const url = `${server.url}/api/files/${file.id}/content`;
  const response = await ask(url, { authorization: `Bearer ${owner.accessToken}` });
  expect(await response.text()).toBe("茶,数量\n龙井,3\n");
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-disposition": "attachment; filename*=UTF-8''%E6%8A%A5%E8%A1%A8%20%28%E7%BB%88%E7%89%88%29%27s.csv",
    "content-type": "application/octet-stream",
    "content-length": "20",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-store",
    "accept-ranges": "bytes",
    etag: `"${file.sha256}"`,
  });
});

test("parts of it are given as HTTP says, and what it hasn't is refused", async () => {
  const { id } = await upload("a.txt", text("0123456789"));
  const part = async (range: string) => {
    const { status, headers } = await ask(`${server.url}/api/files/${id}/content`, {
      authorization: `Bearer ${owner.accessToken}`,
      range,
    });
    return [status, headers.get("content-range"), headers.get("content-length")];
  };
  expect(await part("bytes=2-4")).toEqual([206, "bytes 2-4/10", "3"]);
  expect(await part("bytes=7-")).toEqual([206, "bytes 7-9/10", "3"]);
  expect(await part("bytes=-3")).toEqual([206, "bytes 7-9/10", "3"]);
  expect(await part("bytes=5-99")).toEqual([206, "bytes 5-9/10", "5"]);
  expect((await bytesOf(id, owner, "bytes=2-4")).toString()).toBe("234");
  for (const whole of ["bytes=4-2", "bytes=0-1,3-4", "lines=1-2", "bytes=-"])
    expect(await part(whole)).toEqual([200, null, "10"]);
  expect((await part("bytes=10-"))[0]).toBe(416);
});

test("a picture is drawn anew: where it was taken and what hides behind it are gone, and it stands upright", async () => {
  const plain = await photograph(640, 320, "secret-place");
  const polyglot = Buffer.concat([plain, Buffer.from("PK\x03\x04<script>alert(1)</script>")]);
  expect(polyglot.includes("secret-place")).toBe(true);
  const file = await upload("茶园.jpg", new Uint8Array(polyglot));
  expect(file).toMatchObject({ type: "image/jpeg", hasThumbnail: true });
  const back = await bytesOf(file.id);
  for (const hidden of ["secret-place", "Exif", "<script>", "PK\x03\x04"]) expect(back.includes(hidden)).toBe(false);
  expect(await new Transformer(back).metadata(true)).toMatchObject({ format: "jpeg", width: 320, height: 640 });
  const { body } = await owner.api.files.thumbnail({ fileId: file.id });
  const small = Buffer.from(await new Response(body.stream).arrayBuffer());
  expect(await new Transformer(small).metadata()).toMatchObject({ format: "webp", width: 160, height: 320 });
});

test.each([
  ["a page called a picture", "a.png", "<!doctype html><script>alert(1)</script>", "files.not_taken"],
  ["a page", "a.html", "<html><body>", "files.not_taken"],
  ["SVG with a script", "a.svg", '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', "files.not_taken"],
  ["SVG behind an XML head, as a text", "a.txt", '\uFEFF <?xml version="1.0"?><svg/>', "files.not_taken"],
  ["a program", "a.exe", "MZ\0\0", "files.not_taken"],
  ["a text called a picture", "a.png", "hello", "files.wrong_name"],
  ["a zip called a text", "a.txt", "PK\x03\x04....", "files.wrong_name"],
  ["a GIF that is a script", "a.js", "GIF89a=1;alert(1)", "files.wrong_name"],
  ["no name's ending", "readme", "hello", "files.wrong_name"],
  ["nothing", "a.txt", "", "files.not_taken"],
  ["half a picture", "a.png", "\x89PNG\r\n\x1a\nnope", "files.bad_picture"],
])("%s is refused, and leaves nothing", async (_, name, content, code) => {
  const latin = content.startsWith("\x89") ? new Uint8Array(Buffer.from(content, "latin1")) : text(content);
  expect(await refusal(upload(name, latin))).toMatchObject({ code });
  expect([await rows(), await stored()]).toEqual([0, []]);
});

test("a small picture that would be enormous unpacked isn't unpacked", async () => {
  const bomb = Buffer.from(onePixel);
  bomb.writeUInt32BE(16_000, 16);
  bomb.writeUInt32BE(16_000, 20);
  expect(await refusal(upload("bomb.png", new Uint8Array(bomb)))).toMatchObject({ code: "files.bad_picture" });
  expect([await rows(), await stored()]).toEqual([0, []]);
});

test("a zip is kept as it is: nobody here unpacks it, whatever it would become", async () => {
  const { deflateRawSync } = await import("node:zlib");
  const packed = deflateRawSync(Buffer.alloc(200_000_000));
  const zip = new Uint8Array(Buffer.concat([Buffer.from("PK\x03\x04"), packed]));
  const file = await upload("bomb.zip", zip);
  expect(file.sizeBytes).toBe(zip.length);
});

test("a name is a name, never a way: it is kept beside the bytes, and one that isn't a line is refused", async () => {
  for (const name of ["../../etc/passwd.txt", "C:\\windows\\a.txt", "/etc/a.txt", "..txt", "a%2f..%2f.txt"]) {
    const file = await upload(name, text("x"));
    expect(file.name).toBe(name);
    expect(await stored()).toContain(file.id);
  }
  for (const name of ["a\n.txt", "a\0.txt", "  ", "x".repeat(201)])
    expect(await refusal(upload(name, text("x")))).toMatchObject({ status: 400 });
  expect((await stored()).length).toBe(5);
});

test("10 GB that are announced are refused before they come; more than a kind may have, on the way", async () => {
  const announced = await new Promise<number>((resolve, reject) => {
    const call = request(`${server.url}/api/files?name=a.zip`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${owner.accessToken}`,
        "content-type": "application/zip",
        "content-length": `${10 * 1024 ** 3}`,
      },
    });
    call.on("response", ({ statusCode = 0 }) => resolve(statusCode)).on("error", reject);
    call.flushHeaders();
  });
  expect(announced).toBe(413);
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(Buffer.alloc(1024 * 1024, "x"))),
  });
  const refused = await owner.api.files
    .upload({ name: "a.log", stream: endless, contentType: "text/plain" })
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Error);
  await expect.poll(async () => [await rows(), (await stored()).length]).toEqual([0, 0]);
});

test("a tenant's files take no more than its quota, however many come at once; what is deleted makes room", async () => {
  const set = (value: number, version: number) =>
    owner.api.settings.change({ key: "files.quotaMegabytes", value, version });
  // What a text may have at most is set aside while it comes.
  await set(51, 0);
  const full = { code: "files.over_quota", details: { megabytes: 51 } };
  const come = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => upload(`${n}.txt`, text("茶".repeat(9)))));
  const taken = come.filter(({ status }) => status === "fulfilled").length;
  expect(taken).toBeGreaterThan(0);
  for (const each of come) if (each.status === "rejected") expect(each.reason).toMatchObject({ code: full.code });
  expect(await rows()).toBe(taken);
  await set(1, 1);
  expect(await refusal(upload("more.txt", text("x")))).toMatchObject({ ...full, details: { megabytes: 1 } });
  await set(0, 2);
  expect(await upload("more.txt", text("x"))).toMatchObject({ sizeBytes: 1 });
});

test("who goes away in the middle leaves neither row nor bytes", async () => {
  const call = request(`${server.url}/api/files?name=a.zip`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${owner.accessToken}`,
      "content-type": "application/zip",
      "content-length": 90_000_000,
    },
  });
  call.on("error", () => {});
  call.write(Buffer.concat([Buffer.from("PK\x03\x04"), randomBytes(5_000_000)]));
  await expect.poll(rows).toBe(1);
  call.destroy();
  await expect.poll(rows).toBe(0);
  await server.runUntilIdle();
  expect(await stored()).toEqual([]);
  const { FILES_DIR } = server.runtime.env;
  await expect.poll(() => readdir(join(FILES_DIR, ".incoming"))).toEqual([]);
});

test("a link for one download is given to one, however many ask at once", async () => {
  const { id: fileId } = await upload("a.txt", text("x"));
  for (let round = 0; round < 100; round += 1) {
    const { url } = await owner.api.files.link({ fileId, once: true });
    const path = url.replace(server.runtime.env.PUBLIC_URL, "");
    const open = () =>
      server.app
        .getHttpAdapter()
        .getInstance()
        .inject({ url: path, remoteAddress: `10.0.${round}.1` });
    const asked = (await Promise.all(Array.from({ length: 5 }, open))) as { statusCode: number }[];
    expect(asked.map(({ statusCode }) => statusCode).filter((status) => status === 200)).toHaveLength(1);
  }
});

test("others don't see a file, and whoever manages files sees that it is there, not what is in it", async () => {
  const { id: fileId } = await upload("薪资.txt", text("secret"));
  const [stranger, colleague] = [await server.asOwner(), await server.asHolderOf(["audience:read"], owner)];
  const manager = await server.asHolderOf(["files:manage"], owner);
  for (const who of [stranger, colleague]) {
    expect((await who.api.files.list({})).items).toEqual([]);
    expect(await refusal(who.api.files.delete({ fileId }))).toMatchObject({ code: "kit.not_found" });
  }
  expect((await manager.api.files.list({ search: "薪资" })).items).toMatchObject([
    { id: fileId, accountName: "Owner", isOwn: false },
  ]);
  for (const who of [stranger, colleague, manager]) {
    expect(await refusal(bytesOf(fileId, who))).toMatchObject({ code: "kit.not_found" });
    expect(await refusal(who.api.files.link({ fileId }))).toMatchObject({ code: "kit.not_found" });
  }
  await manager.api.files.delete({ fileId });
  await server.runUntilIdle();
  expect(await stored()).toEqual([]);
});

test("what is used stays, and goes with what used it last", async () => {
  const files = server.app.get(FilesService);
  const ctx = server.runtime.ctx(owner.tenantId);
  const { id } = await upload("a.png", onePixel);
  const [first, second] = [{ by: "tea.pot", ref: id } as const, { by: "tea.pot", ref: owner.accountId } as const];
  const label = { zh: "茶壶", en: "Pot" };
  await ctx.tx((ctx) => files.use(ctx, id, { ...first, label }));
  await ctx.tx((ctx) => files.use(ctx, id, { ...second, label }));
  expect((await owner.api.files.list({})).items).toMatchObject([{ usedBy: [label, label] }]);
  expect(await refusal(owner.api.files.delete({ fileId: id }))).toMatchObject({ code: "files.in_use" });
  await ctx.tx((ctx) => files.release(ctx, id, first));
  await ctx.tx((ctx) => files.release(ctx, id, first));
  expect(await rows()).toBe(1);
  await ctx.tx((ctx) => files.release(ctx, id, second));
  await server.runUntilIdle();
  expect([await rows(), await stored()]).toEqual([0, []]);
});

test("bytes that no row knows of are found and deleted, those of today and those that one knows stay", async () => {
  const { id } = await upload("a.png", onePixel);
  const ctx = server.runtime.ctx(owner.tenantId);
  const lost = await upload("b.png", onePixel);
  const torn = join(server.runtime.env.FILES_DIR, ".incoming", "torn");
  await writeFile(torn, "half a fi");
  await ctx.sql`DELETE FROM files_file WHERE id = ${lost.id}`;
  await server.runtime.runSchedule("files.sweep");
  expect(await stored()).toHaveLength(4);
  expect(existsSync(torn)).toBe(true);
  server.clock.advance(dayMs + 60_000);
  await server.runtime.runSchedule("files.sweep");
  expect(new Set(await stored())).toEqual(new Set([id, `${id}-small`]));
  expect(existsSync(torn)).toBe(false);
});

test("a link leads to the file without a log-in, once or for its time, and nobody can make one up", async () => {
  const { id: fileId } = await upload("a.txt", text("Longjing"));
  const once = await owner.api.files.link({ fileId, once: true, minutes: 5 });
  const often = await owner.api.files.link({ fileId, once: false, minutes: 5 });
  const at = (url: string) => url.replace(server.runtime.env.PUBLIC_URL, server.url);
  expect((await fetch(at(once.url), { method: "HEAD" })).status).toBe(200);
  expect(await (await ask(at(once.url))).text()).toBe("Longjing");
  expect(await (await ask(at(once.url))).json()).toMatchObject({ code: "files.link_over" });
  for (let n = 0; n < 3; n += 1) expect(await (await ask(at(often.url))).text()).toBe("Longjing");
  const forged = at(often.url).replace(/.(.{3})$/, (_, end: string) => `A${end}`);
  for (const url of [forged, `${at(often.url)}A`, `${server.url}/f/AAAA`]) expect((await ask(url)).status).toBe(404);
  server.clock.advance(6 * 60_000);
  expect((await ask(at(often.url))).status).toBe(410);
  const page = await ask(at(often.url), { accept: "text/html", "accept-language": "zh" });
  expect(await page.text()).toContain("下载链接已过期");
  const late = await owner.api.files.link({ fileId, once: false });
  await owner.api.files.delete({ fileId });
  expect((await ask(at(late.url))).status).toBe(404);
});

test("a link opens nothing once whoever it was given to is switched off, and again when they are back", async () => {
  const colleague = await server.asHolderOf([], owner);
  const { id: fileId } = await upload("a.txt", text("Longjing"), colleague);
  const { url } = await colleague.api.files.link({ fileId, once: false });
  const open = () => ask(url.replace(server.runtime.env.PUBLIC_URL, server.url));
  expect((await open()).status).toBe(200);
  await owner.api.access.disableAccount({ accountId: colleague.accountId });
  expect(await (await open()).json()).toMatchObject({ code: "files.link_over" });
  await owner.api.access.updateAccount({ accountId: colleague.accountId, disabled: false });
  expect((await open()).status).toBe(200);
});

test("a link for one download that breaks off is good for another one", async () => {
  const large = Buffer.alloc(20 * 1024 * 1024, "0123456789abcdef\n");
  const { id: fileId } = await upload("large.txt", large);
  const { url } = await owner.api.files.link({ fileId, once: true });
  const address = url.replace(server.runtime.env.PUBLIC_URL, server.url);
  for (let round = 0; round < 3; round += 1) {
    const broken = request(address).end();
    const [answer] = (await once(broken, "response")) as [IncomingMessage];
    await once(answer, "data");
    broken.destroy();
    const passes = () => server.runtime.ctx(owner.tenantId).db.selectFrom("files_pass").select("id").execute();
    await expect.poll(async () => (await passes()).length).toBe(1);
  }
  const whole = Buffer.from(await (await ask(address)).arrayBuffer());
  expect(whole.equals(large)).toBe(true);
  expect((await ask(address)).status).toBe(410);
});

test("what is over, was never finished or is used by nothing goes by itself; what people uploaded stays", async () => {
  const files = server.app.get(FilesService);
  const ctx = server.runtime.ctx(owner.tenantId);
  const made = async (name: string, expiresAt?: Date) =>
    files.keep(ctx, {
      name,
      type: "text/plain",
      bytes: (async function* () {
        yield text(name);
      })(),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    });
  const own = await upload("own.txt", text("x"));
  const kept = await made("kept", new Date(server.clock.now().getTime() + 3 * dayMs));
  await ctx.tx((ctx) => files.use(ctx, kept.id, { by: "tea.pot", ref: kept.id, label: { zh: "茶", en: "Tea" } }));
  await made("unused");
  await ctx.sql`INSERT INTO files_file (name, type) VALUES ('torn', 'text/plain')`;
  await server.runtime.runSchedule("files.purge");
  expect(await rows()).toBe(4);
  server.clock.advance(dayMs + 1);
  await server.runtime.runSchedule("files.purge");
  await server.runUntilIdle();
  expect(new Set(await stored())).toEqual(new Set([own.id, kept.id]));
  server.clock.advance(2 * dayMs);
  await server.runtime.runSchedule("files.purge");
  await server.runUntilIdle();
  expect(await stored()).toEqual([own.id]);
});
