import { createServer, type AddressInfo, type Server } from "node:net";
import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { onePixel } from "./testing/pictures.ts";

/** A stand-in of clamd: reads INSTREAM as its manual says, and answers by what it was sent. */
class FakeClamd {
  readonly #server: Server;
  /** What it was sent, call by call. */
  readonly seen: Buffer[] = [];
  /** What it does instead of looking. */
  mood: "well" | "deaf" | "rude" | "full" = "well";
  verdictWaits: Promise<void> = Promise.resolve();
  calls = 0;

  constructor() {
    this.#server = createServer((socket) => {
      this.calls += 1;
      let left = Buffer.alloc(0);
      const parts: Buffer[] = [];
      socket.on("error", () => undefined);
      if (this.mood === "rude") return void socket.destroy();
      socket.on("data", (data) => {
        left = Buffer.concat([left, data]);
        if (left.subarray(0, 10).toString() === "zINSTREAM\0") left = left.subarray(10);
        while (left.length >= 4) {
          const length = left.readUInt32BE(0);
          if (length === 0) return void this.#answer(Buffer.concat(parts)).then((reply) => socket.end(reply));
          if (left.length < 4 + length) return;
          parts.push(left.subarray(4, 4 + length));
          left = left.subarray(4 + length);
        }
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<unknown> {
    return new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(bytes: Buffer): Promise<string> {
    this.seen.push(bytes);
    await this.verdictWaits;
    if (this.mood === "full") return "INSTREAM size limit exceeded. ERROR\0";
    return bytes.includes("X5O!P%@AP") ? "stream: Eicar-Test-Signature FOUND\0" : "stream: OK\0";
  }
}

const clamd = new FakeClamd();
let server: TestServer;
let owner: Member;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"), { env: { FILES_CLAMD: await clamd.listen() } });
});
afterAll(async () => {
  await server.close();
  await clamd.close();
});
beforeEach(async () => {
  [clamd.mood, clamd.seen.length, clamd.verdictWaits] = ["well", 0, Promise.resolve()];
  owner = await server.asOwner();
});

const upload = (content: string | Uint8Array, name = "tea.txt") =>
  owner.api.files.upload({ name, stream: Buffer.from(content as string), contentType: "text/plain" });
const left = async () => {
  const rows = await server.runtime.ctx(owner.tenantId).sql`SELECT id FROM files_file`;
  await server.runUntilIdle();
  const root = `${server.runtime.env.FILES_DIR}/files/${owner.tenantId}`;
  return [rows.length, (await readdir(root).catch(() => [])).length];
};

test("what is clean is stored, and was seen from its first byte to its last", async () => {
  const content = "绿茶".repeat(200_000);
  await upload(content);
  expect(clamd.seen[0]?.toString()).toBe(content);
  await upload(onePixel, "tea.png");
  expect(clamd.seen[1]).toEqual(Buffer.from(onePixel));
});

test("what is infected is refused with what was found, and leaves neither row nor bytes", async () => {
  expect(await refusal(upload("tea X5O!P%@AP tea"))).toMatchObject({
    status: 422,
    code: "files.infected",
    details: { virus: "Eicar-Test-Signature" },
  });
  expect(await left()).toEqual([0, 0]);
});

test("what there is no room for isn't shown to the scanner: it would be kept waiting", async () => {
  const before = clamd.calls;
  const { version } = await owner.api.settings.change({ key: "files.quotaMegabytes", value: 1, version: 0 });
  expect(version).toBe(1);
  expect(await refusal(upload("tea"))).toMatchObject({ code: "files.over_quota" });
  // A line that was opened has been taken by then.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(clamd.calls).toBe(before);
});

test("nobody has a file before the verdict", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  clamd.verdictWaits = promise;
  const coming = upload("tea");
  await expect.poll(() => clamd.seen.length).toBe(1);
  expect((await owner.api.files.list({})).items).toEqual([]);
  resolve();
  const { id } = await coming;
  expect((await owner.api.files.list({})).items.map((each) => each.id)).toEqual([id]);
});

test.each(["rude", "full"] as const)("a scanner that is %s lets nothing in: it is to be tried again", async (mood) => {
  clamd.mood = mood;
  expect(await refusal(upload("tea".repeat(100_000)))).toMatchObject({ status: 503, code: "files.not_scanned" });
  expect(await left()).toEqual([0, 0]);
});
