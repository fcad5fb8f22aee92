import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "s3rver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readEnv } from "@zhanggui/kit/server/env";
import { testSecrets } from "../../testing/test-server.ts";
import { S3Storage } from "./internal/s3-storage.ts";
import { openStorage } from "./open-storage.ts";
import { assertStorage, type Storage } from "./storage.ts";

let folder: string;
let s3: S3rver;
let port: number;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zg-storage-"));
  s3 = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory: join(folder, "s3"),
    configureBuckets: [{ name: "tea", configs: [] }],
  });
  ({ port } = await s3.run());
});
afterAll(async () => {
  await s3.close();
  await rm(folder, { recursive: true });
});

function open(variables: Record<string, string>): Storage {
  return openStorage(readEnv({ DATABASE_URL: "postgres://nobody@127.0.0.1:9/none", ...testSecrets, ...variables }));
}
const bucket = (more: Record<string, string> = {}) =>
  open({
    FILES_S3_ENDPOINT: `http://127.0.0.1:${port}`,
    FILES_S3_BUCKET: "tea",
    FILES_S3_KEY_ID: "S3RVER",
    FILES_S3_SECRET: "S3RVER",
    FILES_S3_PATH_STYLE: "1",
    ...more,
  });
const storages = { folder: () => open({ FILES_DIR: join(folder, "files") }), s3: () => bucket() };

async function all(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bytes));
}
async function* broken(): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.alloc(9 * 1024 * 1024, 1);
  await Promise.resolve();
  throw new Error("the sender went away");
}

describe.each(Object.entries(storages))("%s", (name, make) => {
  let storage: Storage;
  beforeAll(() => void (storage = make()));

  test("what is put is there, whole and in parts, and can be replaced", async () => {
    expect(await storage.put("a/one", [Buffer.from("Long"), Buffer.from("jing")])).toBe(8);
    expect((await all(storage.get("a/one"))).toString()).toBe("Longjing");
    expect((await all(storage.get("a/one", { start: 4, end: 5 }))).toString()).toBe("ji");
    expect(await storage.stat("a/one")).toMatchObject({ sizeBytes: 8, modifiedAt: expect.any(Date) });
    await storage.put("a/one", [Buffer.from("Puer")]);
    expect((await all(storage.get("a/one"))).toString()).toBe("Puer");
  });

  test("nothing is something too, and 20 MB in odd pieces come back as they were", async () => {
    expect(await storage.put("a/empty", [])).toBe(0);
    expect(await all(storage.get("a/empty"))).toHaveLength(0);
    const pieces = Array.from({ length: 300 }, (_, index) => Buffer.alloc(70_001, index));
    expect(await storage.put("a/large", pieces)).toBe(300 * 70_001);
    expect((await all(storage.get("a/large"))).equals(Buffer.concat(pieces))).toBe(true);
    expect((await all(storage.get("a/large", { start: 70_000, end: 70_001 }))).toJSON().data).toEqual([0, 1]);
  });

  test("what isn't there is said to be so, and can be deleted", async () => {
    await expect(all(storage.get("a/none"))).rejects.toThrow("nothing is stored as a/none");
    expect(await storage.stat("a/none")).toBeUndefined();
    await storage.delete("a/none");
    await storage.put("a/gone", [Buffer.from("x")]);
    await storage.delete("a/gone");
    expect(await storage.stat("a/gone")).toBeUndefined();
  });

  test("a sender that breaks off leaves nothing, and what was there before", async () => {
    await storage.put("b/kept", [Buffer.from("before")]);
    await expect(storage.put("b/kept", broken())).rejects.toThrow("went away");
    await expect(storage.put("b/new", broken())).rejects.toThrow("went away");
    expect((await all(storage.get("b/kept"))).toString()).toBe("before");
    expect(await storage.stat("b/new")).toBeUndefined();
    if (name === "folder") expect(await readdir(join(folder, "files", ".incoming"))).toEqual([]);
  });

  test("what lies under a prefix is listed, however deep, and nothing beside it", async () => {
    for (const key of ["c/1", "c/2/3", "c/2/4", "cc/5"]) await storage.put(key, [Buffer.from(key)]);
    const found = await Array.fromAsync(storage.list("c"));
    expect(Object.fromEntries(found.map(({ key, sizeBytes }) => [key, sizeBytes]))).toEqual({
      "c/1": 3,
      "c/2/3": 5,
      "c/2/4": 5,
    });
    expect(await Array.fromAsync(storage.list("none"))).toEqual([]);
  });

  test("a key is never a way elsewhere", async () => {
    for (const key of ["../x", "a/../x", "/etc/passwd", "a//b", "", "a/b.txt", "a\0b", "Ａ"]) {
      await expect(storage.put(key, [Buffer.from("x")])).rejects.toThrow("no key");
      await expect(storage.stat(key)).rejects.toThrow("no key");
    }
  });

  test("it says of itself that it works", async () => {
    await assertStorage(storage);
    expect(await Array.fromAsync(storage.list("probe"))).toEqual([]);
  });
});

test("what doesn't fit into one answer is listed page by page", async () => {
  const [endpoint, keyId, secret] = [`http://127.0.0.1:${port}`, "S3RVER", "S3RVER"];
  const options = { endpoint, region: "us-east-1", bucket: "tea", keyId, secret, isPathStyle: true, listedAtOnce: 2 };
  const storage = new S3Storage(options);
  for (const n of [1, 2, 3, 4, 5]) await storage.put(`many/${n}`, [Buffer.from("x")]);
  const found = await Array.fromAsync(storage.list("many"));
  expect(found.map(({ key }) => key)).toEqual(["many/1", "many/2", "many/3", "many/4", "many/5"]);
});

test("what can't be used says where it is and why", async () => {
  await expect(assertStorage(bucket({ FILES_S3_KEY_ID: "WRONG" }))).rejects.toThrow(
    /bucket tea.*403 InvalidAccessKeyId/s,
  );
  await expect(assertStorage(bucket({ FILES_S3_BUCKET: "coffee" }))).rejects.toThrow(
    /bucket coffee.*404 NoSuchBucket/s,
  );
  await writeFile(join(folder, "plain"), "");
  await expect(assertStorage(open({ FILES_DIR: join(folder, "plain") }))).rejects.toThrow(/plain: .*FILES_DIR/s);
});

test("a bucket without its keys keeps the server from starting", () => {
  const incomplete = { FILES_S3_BUCKET: "tea" };
  expect(() => open(incomplete)).toThrow(/FILES_S3_KEY_ID.*FILES_S3_SECRET/s);
});
