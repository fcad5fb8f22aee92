import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { request as ask, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openKitServer, type KitServer } from "../../testing/server.ts";

const script = `export const tea = "${"龙井".repeat(500)}";`;
const page = `<!doctype html><title>${"掌柜".repeat(300)}</title>`;

let folder: string;
let server: KitServer<Record<string, never>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zhanggui-pages-"));
  await mkdir(join(folder, "assets"));
  for (const [name, text] of [
    ["assets/tea-Abc123.js", script],
    ["index.html", page],
  ] as const) {
    await writeFile(join(folder, name), text);
    await writeFile(join(folder, `${name}.br`), brotliCompressSync(text));
    await writeFile(join(folder, `${name}.gz`), gzipSync(text));
  }
  await writeFile(join(folder, "favicon.svg"), "<svg/>");
  server = await openKitServer(inject("clusterUrl"), {}, { modules: [], consoleFolder: folder });
});
afterAll(async () => {
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Not fetch: that decodes by itself, and hides what was sent. */
function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = ask(`${server.url}${path}`, { method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    asked.on("error", reject).end();
  });
}
const asset = "/assets/tea-Abc123.js";
const plain = (body: Buffer): string => body.toString();

describe("a file is sent as the asker takes it", () => {
  test.for<[accepts: string | undefined, encoding: string | undefined, decode: (body: Buffer) => string]>([
    ["gzip, deflate, br, zstd", "br", (body) => brotliDecompressSync(body).toString()],
    ["gzip", "gzip", (body) => gunzipSync(body).toString()],
    ["br;q=0, gzip;q=0.5", "gzip", (body) => gunzipSync(body).toString()],
    ["identity", undefined, plain],
    [undefined, undefined, plain],
  ])("accepting %s: %s", async ([accepts, encoding, decode]) => {
    const { status, headers, body } = await get(asset, accepts === undefined ? {} : { "accept-encoding": accepts });
    expect(status).toBe(200);
    expect(headers["content-encoding"]).toBe(encoding);
    expect(headers["content-type"]).toMatch(/^(text|application)\/javascript/);
    expect(headers["content-length"]).toBe(String(body.length));
    // Caches in between keep each form for whom it suits.
    expect(headers.vary?.toLowerCase()).toContain("accept-encoding");
    expect(decode(body)).toBe(script);
  });
});

test("ASVS 3.4.3, 3.4.6: a built file is kept for ever, without the policy that the page itself has", async () => {
  const built = await get(asset, { "accept-encoding": "br" });
  expect(built.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  expect(built.headers["content-security-policy"]).toBeUndefined();
  for (const path of ["/", "/index.html", "/people/42", "/favicon.svg"]) {
    const { status, headers } = await get(path, { accept: "text/html", "accept-encoding": "br" });
    expect([path, status, headers["cache-control"]]).toEqual([path, 200, "no-cache"]);
    expect(headers["content-security-policy"]).toContain("require-trusted-types-for 'script'");
    expect(headers["content-security-policy"]).not.toContain("unsafe");
    expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
  }
});

test("any address of the console is its page, compressed too", async () => {
  const { headers, body } = await get("/people/42", { accept: "text/html", "accept-encoding": "gzip, br" });
  expect(headers["content-encoding"]).toBe("br");
  expect(headers["content-type"]).toMatch(/^text\/html/);
  expect(brotliDecompressSync(body).toString()).toBe(page);
});

test("each form has an entity tag of its own, and who has it is told that it is the same", async () => {
  const tags = await Promise.all(
    ["br", "gzip", "identity"].map(async (encoding) => {
      const { headers } = await get(asset, { "accept-encoding": encoding });
      const again = await get(asset, { "accept-encoding": encoding, "if-none-match": headers.etag ?? "" });
      expect([encoding, again.status, again.body.length]).toEqual([encoding, 304, 0]);
      return headers.etag;
    }),
  );
  expect(new Set(tags).size).toBe(3);
});

test("HEAD tells what GET would send", async () => {
  for (const path of [asset, "/people/42"]) {
    const headers = { accept: "text/html", "accept-encoding": "br" };
    const [head, whole] = [await get(path, headers, "HEAD"), await get(path, headers)];
    expect([path, head.status, head.body.length]).toEqual([path, 200, 0]);
    for (const name of ["content-length", "content-encoding", "etag", "cache-control", "vary"]) {
      expect([path, name, head.headers[name]]).toEqual([path, name, whole.headers[name]]);
    }
  }
});

test("whoever asks for a part is given the whole, also for one beyond the end", async () => {
  for (const range of ["bytes=4-9", "bytes=900000-"]) {
    const { status, headers, body } = await get(asset, { "accept-encoding": "br", range });
    expect([range, status, headers["content-range"]]).toEqual([range, 200, undefined]);
    expect(brotliDecompressSync(body).toString()).toBe(script);
  }
});

test("the compressed files have no address, and a file that isn't there is no page", async () => {
  for (const path of [`${asset}.br`, `${asset}.gz`, "/assets/gone.js", "/index.html.br"]) {
    const { status, headers } = await get(path, { accept: "*/*" });
    expect([path, status, headers["content-type"]?.split(";")[0]]).toEqual([path, 404, "application/problem+json"]);
  }
});

test("with its files elsewhere the page says where, in one form, and may load them from there and nowhere else", async () => {
  const own = await mkdtemp(join(tmpdir(), "zhanggui-elsewhere-"));
  await mkdir(join(own, "assets"));
  await writeFile(join(own, "assets/tea.js"), script);
  await writeFile(
    join(own, "index.html"),
    '<script type="module" src="/assets/tea.js"></script><a href="/favicon.svg">',
  );
  await writeFile(join(own, "index.html.br"), brotliCompressSync("old"));
  const env = { ASSETS_URL: "https://cdn.example/zhanggui/" };
  const other = await openKitServer(inject("clusterUrl"), {}, { modules: [], consoleFolder: own }, env);
  try {
    for (const path of ["/", "/index.html", "/people/42"]) {
      const answer = await fetch(`${other.url}${path}`, { headers: { accept: "text/html", "accept-encoding": "br" } });
      expect([path, answer.status, answer.headers.get("cache-control")]).toEqual([path, 200, "no-cache"]);
      expect(await answer.text()).toBe(
        '<script type="module" src="https://cdn.example/zhanggui/assets/tea.js"></script><a href="/favicon.svg">',
      );
      const policy = answer.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("script-src 'self' https://cdn.example;");
      expect(policy).toContain("connect-src 'self';");
      expect(policy).not.toContain("unsafe");
    }
    // Pages that were opened before go on with what they named.
    expect((await fetch(`${other.url}/assets/tea.js`)).status).toBe(200);
  } finally {
    await other.close();
    await rm(own, { recursive: true });
  }
});
