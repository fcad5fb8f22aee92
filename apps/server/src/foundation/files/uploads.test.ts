import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";

let server: TestServer;
let owner: Member;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
});
afterAll(() => server.close());
beforeEach(async () => {
  owner = await server.asOwner();
});

type Headers = Record<string, string>;
/** As a client of the protocol that knows nothing of ours. */
async function tus(method: string, path: string, headers: Headers = {}, body?: Uint8Array, who = owner) {
  const response = await fetch(`${server.url}/api/uploads${path}`, {
    method,
    headers: {
      "tus-resumable": "1.0.0",
      authorization: `Bearer ${who.accessToken}`,
      ...(method === "PATCH" ? { "content-type": "application/offset+octet-stream" } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: Buffer.from(body) }),
  });
  const text = await response.text();
  const code = text.startsWith("{") ? (JSON.parse(text) as { code: string }).code : "";
  return { status: response.status, code, get: (name: string) => response.headers.get(name) };
}
const named = (name: string) => ({ "upload-metadata": `kind x,filename ${Buffer.from(name).toString("base64")}` });
async function begin(size: number, name = "tea.txt", who = owner): Promise<string> {
  const made = await tus("POST", "", { "upload-length": String(size), ...named(name) }, undefined, who);
  expect([made.status, made.get("upload-offset"), made.get("tus-resumable")]).toEqual([201, "0", "1.0.0"]);
  expect(Date.parse(made.get("upload-expires") ?? "")).toBeGreaterThan(server.clock.now().getTime());
  return made.get("location")!.replace(/.*\/api\/uploads/, "");
}
const send = (path: string, offset: number, bytes: Uint8Array, headers: Headers = {}, who = owner) =>
  tus("PATCH", path, { "upload-offset": String(offset), ...headers }, bytes, who);
const offsetOf = async (path: string) => (await tus("HEAD", path)).get("upload-offset");
async function contentOf(fileId: string): Promise<Buffer> {
  const response = await fetch(`${server.url}/api/files/${fileId}/content`, {
    headers: { authorization: `Bearer ${owner.accessToken}` },
  });
  return Buffer.from(await response.arrayBuffer());
}
const letters = (count: number) => Buffer.from(randomBytes(count).toString("hex").slice(0, count));

test("a file comes in pieces and is one like any other", async () => {
  const whole = letters(300_000);
  const path = await begin(whole.length, "茶.txt");
  const first = await send(path, 0, whole.subarray(0, 100_000));
  expect([first.status, first.get("upload-offset"), first.get("upload-file")]).toEqual([204, "100000", null]);
  const head = await tus("HEAD", path);
  expect([head.status, head.get("upload-offset"), head.get("upload-length")]).toEqual([200, "100000", "300000"]);
  expect(head.get("cache-control")).toContain("no-store");
  const last = await send(path, 100_000, whole.subarray(100_000));
  const fileId = last.get("upload-file") ?? "";
  expect(await contentOf(fileId)).toEqual(whole);
  expect((await owner.api.files.list({})).items).toMatchObject([{ id: fileId, name: "茶.txt", type: "text/plain" }]);
  // Asked again, it is the same file.
  expect((await send(path, 300_000, Buffer.alloc(0))).get("upload-file")).toBe(fileId);
  expect((await tus("HEAD", path)).get("upload-file")).toBe(fileId);
});

test("of a connection that breaks in the middle, what arrived is kept, and the rest follows", async () => {
  const whole = letters(2_000_000);
  const path = await begin(whole.length);
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write(
    `PATCH /api/uploads${path} HTTP/1.1\r\nhost: x\r\ntus-resumable: 1.0.0\r\nupload-offset: 0\r\n` +
      `authorization: Bearer ${owner.accessToken}\r\ncontent-type: application/offset+octet-stream\r\n` +
      `content-length: ${whole.length}\r\n\r\n`,
  );
  await new Promise((resolve) => socket.write(whole.subarray(0, 700_000), resolve));
  await expect.poll(() => socket.bytesWritten).toBeGreaterThan(700_000);
  socket.end();
  await expect.poll(() => offsetOf(path)).not.toBe("0");
  const offset = Number(await offsetOf(path));
  expect(offset).toBeLessThanOrEqual(700_000);
  const last = await send(path, offset, whole.subarray(offset));
  expect(await contentOf(last.get("upload-file") ?? "")).toEqual(whole);
});

test("another offset, too many bytes, another version or type are refused, and nothing is lost", async () => {
  const path = await begin(10);
  await send(path, 0, Buffer.from("abcde"));
  expect((await send(path, 0, Buffer.from("abcde"))).status).toBe(409);
  expect((await send(path, 6, Buffer.from("x"))).status).toBe(409);
  expect((await send(path, 5, Buffer.from("too many bytes"))).status).toBe(400);
  expect((await tus("HEAD", path, { "tus-resumable": "0.2.2" })).status).toBe(412);
  expect((await send(path, 5, Buffer.from("x"), { "content-type": "text/plain" })).status).toBe(415);
  expect(await offsetOf(path)).toBe("5");
});

test("a piece with another checksum than it says is thrown away", async () => {
  const path = await begin(5);
  const piece = Buffer.from("green");
  const sum = createHash("sha256").update(piece).digest("base64");
  const wrong = await send(path, 0, Buffer.from("black"), { "upload-checksum": `sha256 ${sum}` });
  expect([wrong.status, wrong.code, await offsetOf(path)]).toEqual([460, "files.checksum_mismatch", "0"]);
  expect((await send(path, 0, piece, { "upload-checksum": `sha256 ${sum}` })).get("upload-file")).not.toBeNull();
});

test("sent twice at once, again and again, each piece is taken once", async () => {
  for (let round = 0; round < 60; round += 1) {
    const path = await begin(8);
    const all = await Promise.all(Array.from({ length: 3 }, () => send(path, 0, Buffer.from("oolo"))));
    expect(all.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 409, 409]);
    const ends = await Promise.all(Array.from({ length: 2 }, () => send(path, 4, Buffer.from("ng!!"))));
    const file = ends.find(({ status }) => status === 204)?.get("upload-file") ?? "";
    expect((await contentOf(file)).toString()).toBe("oolong!!");
    await owner.api.files.delete({ fileId: file });
    await tus("DELETE", path);
  }
  expect((await owner.api.files.list({})).items).toEqual([]);
});

test("what may not be uploaded may not in pieces: 10 GB, pages, more than there is room for, too many at once", async () => {
  const about = (size: number, name = "a.txt") => tus("POST", "", { "upload-length": String(size), ...named(name) });
  expect([(await about(10 * 1024 ** 3)).status, (await about(-1)).status]).toEqual([413, 400]);
  expect((await tus("POST", "", { "upload-length": "5" })).status).toBe(400);
  const page = Buffer.from("<!doctype html><script>");
  const path = await begin(page.length, "a.txt");
  expect((await send(path, 0, page)).code).toBe("files.not_taken");
  expect((await tus("HEAD", path)).status).toBe(404);
  await owner.api.settings.change({ key: "files.quotaMegabytes", value: 1, version: 0 });
  expect((await about(2 * 1024 * 1024)).code).toBe("files.over_quota");
  // Those that are begun count by what they have declared, however many begin at once.
  const begun = await Promise.all(Array.from({ length: 6 }, () => about(400_000)));
  expect(begun.filter(({ status }) => status === 201)).toHaveLength(2);
  for (const { status, get } of begun)
    if (status === 201) await tus("DELETE", get("location")!.replace(/.*\/api\/uploads/, ""));
  for (let n = 0; n < 20; n += 1) await begin(10);
  expect((await about(10)).code).toBe("files.too_many_uploads");
});

test("it is its sender's alone, ends when they say so, and after a day", async () => {
  const path = await begin(10);
  const other = await server.asHolderOf(["files:manage"], owner);
  expect((await tus("HEAD", path, {}, undefined, other)).status).toBe(404);
  expect((await send(path, 0, Buffer.from("x"), {}, other)).status).toBe(404);
  expect((await tus("DELETE", path, {}, undefined, other)).status).toBe(404);
  expect((await tus("DELETE", path)).status).toBe(204);
  expect((await tus("HEAD", path)).status).toBe(404);
  await send(await begin(10), 0, Buffer.from("half"));
  server.clock.advance(24 * 3_600_000 + 1);
  await server.runtime.runSchedule("files.purge");
  expect(await server.runtime.ctx(owner.tenantId).sql`SELECT id FROM files_upload`).toEqual([]);
});

test("an upload comes in a thousand pieces at most", async () => {
  const path = await begin(5000);
  const id = path.replace(/.*\//, "");
  const { db } = server.runtime.ctx(owner.tenantId);
  const parts = JSON.stringify(Array.from({ length: 1000 }, () => id));
  await db.updateTable("files_upload").set({ parts, offsetBytes: 1000 }).where("id", "=", id).execute();
  const refused = await send(path, 1000, Buffer.from("x"));
  expect([refused.status, refused.code]).toEqual([422, "files.too_many_pieces"]);
  expect((await tus("DELETE", path)).status).toBe(204);
});
