import { execFile } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Emulator, startEmulator } from "@zhanggui/emulator/emulator";
import { afterAll, beforeAll, expect, test } from "vitest";

/*
 * Programs that know WeChat's hosts by heart run unchanged: over a proxy, or with the hosts pointed here.
 */
const run = promisify(execFile);
const appid = "wx0123456789abcdef";
let folder: string;
let emulator: Emulator;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "emulator-tls-"));
  emulator = await startEmulator({ seed: 4, tls: { folder } });
  emulator.world.createAccount({ appid, secret: "lantern-secret", name: "灯笼茶" });
});

afterAll(async () => {
  await emulator?.stop();
  await rm(folder, { recursive: true, force: true });
});

const tls = () => emulator.tls!;
const tokenUrl = `https://api.weixin.qq.com/cgi-bin/token?grant_type=client_credential&appid=${appid}&secret=lantern-secret`;

async function curl(...given: readonly string[]): Promise<string> {
  const { stdout } = await run("curl", ["-sS", "--max-time", "20", ...given], { env: { PATH: process.env["PATH"] } });
  return stdout;
}

/** Runs a program as it is, with an environment as somebody would set it. */
async function program(source: string, env: Record<string, string>): Promise<string> {
  const cwd = join(import.meta.dirname, "../../packages/emulator");
  const options = { cwd, env: { PATH: process.env["PATH"] ?? "", ...env } };
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", source], options);
  return stdout.trim();
}

test("curl, by a proxy and by a name that is pointed here", async () => {
  const trust = ["--cacert", tls().authorityPath];
  const proxied = await curl(...trust, "--proxy", tls().proxyUrl, tokenUrl);
  expect(JSON.parse(proxied)).toMatchObject({ expires_in: 7200 });
  const { port } = new URL(tls().url);
  const mapped = await curl(...trust, "--connect-to", `api.weixin.qq.com:443:127.0.0.1:${port}`, tokenUrl);
  expect(JSON.parse(mapped)).toMatchObject({ expires_in: 7200 });
});

test("a client whose hosts are hard-coded, unmodified, by a preload alone", async () => {
  const source = `
    import WechatApi from "co-wechat-api";
    const api = new WechatApi("${appid}", "lantern-secret");
    const { tag } = await api.createTags("常客");
    console.log(JSON.stringify([tag, api.prefix]));
  `;
  const out = await program(source, {
    NODE_EXTRA_CA_CERTS: tls().authorityPath,
    NODE_OPTIONS: `--import ${join(import.meta.dirname, "../../packages/emulator/src/redirect.ts")}`,
    EMULATOR_TLS_URL: tls().url,
  });
  expect(JSON.parse(out)).toEqual([{ id: 100, name: "常客" }, "https://api.weixin.qq.com/cgi-bin/"]);
});

test("fetch, with many calls on one connection", async () => {
  const source = `
    const token = (await (await fetch("${tokenUrl}")).json()).access_token;
    const call = async () => (await (await fetch("https://api.weixin.qq.com/cgi-bin/tags/get?access_token=" + token)).json()).tags.length;
    const all = await Promise.all(Array.from({ length: 50 }, call));
    console.log(new Set(all).size, all.length);
  `;
  const out = await program(source, {
    NODE_EXTRA_CA_CERTS: tls().authorityPath,
    HTTPS_PROXY: tls().proxyUrl,
    NODE_USE_ENV_PROXY: "1",
  });
  expect(out).toBe("1 50");
});

test("without trust there is no answer, and nobody but WeChat is reached", async () => {
  await expect(curl("--proxy", tls().proxyUrl, tokenUrl)).rejects.toThrow(/certificate|SSL/i);
  await expect(curl("--proxy", tls().proxyUrl, "https://elsewhere.example/")).rejects.toThrow("403");
  await expect(curl("--proxy", tls().proxyUrl, "https://weixin.qq.com.elsewhere.example/")).rejects.toThrow("403");
});

test("the authority is kept, and its key is the owner's alone", async () => {
  expect((await stat(join(folder, "ca.key"))).mode & 0o777).toBe(0o600);
  const second = await startEmulator({ seed: 5, tls: { folder } });
  const trust = ["--cacert", tls().authorityPath];
  expect(await curl(...trust, "--proxy", second.tls!.proxyUrl, "https://mp.weixin.qq.com/none")).toContain("40066");
  await second.stop();
});

test.each([
  ["noise", Buffer.from([0x16, 3, 1, 255, 255, 0, 0, 0])],
  ["a head without end", Buffer.from(`CONNECT api.weixin.qq.com:443 HTTP/1.1\r\nx: ${"y".repeat(9000)}`)],
  ["a plain request", Buffer.from("GET / HTTP/1.1\r\nhost: x\r\n\r\n")],
])("%s ends its own connection only", async (_name, bytes) => {
  const socket = connect(Number(new URL(tls().url).port), "127.0.0.1");
  await new Promise<void>((done) => {
    socket.on("error", () => {});
    socket.on("close", () => done());
    socket.on("data", () => socket.destroy());
    socket.write(bytes);
    setTimeout(() => socket.end(), 200);
  });
  expect(JSON.parse(await curl("--cacert", tls().authorityPath, "--proxy", tls().proxyUrl, tokenUrl))).toHaveProperty(
    "access_token",
  );
});
