import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packEmulator } from "../../tools/zg/pack.ts";
import { freePort } from "../../tools/postgres.ts";

/*
 * A stranger's five minutes: an empty folder, the emulator's tarball, and what its README says, word by word.
 */
const run = promisify(execFile);
let folder: string;
let started: ChildProcess;
let ports: { api: number; tls: number };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "emulator-package-"));
  const tarball = await packEmulator(join(folder, "packed"));
  const home = join(folder, "node_modules/@zhanggui/emulator");
  await mkdir(home, { recursive: true });
  await run("tar", ["-xzf", tarball, "--strip-components=1", "-C", home]);
  ports = { api: await freePort(), tls: await freePort() };
  const cli = join(home, "cli.js");
  const words = [cli, "--port", String(ports.api), "--smtp-port", "0", "--tls-port", String(ports.tls)];
  started = spawn(process.execPath, words, { cwd: folder, stdio: ["ignore", "pipe", "inherit"], env: {} });
  await new Promise<void>((done, fail) => {
    let printed = "";
    started.stdout?.on("data", (text: Buffer) => {
      printed += text.toString();
      if (printed.includes("TLS and proxy")) done();
    });
    started.once("exit", (code) => fail(new Error(`the emulator ended (${code}): ${printed}`)));
  });
});

afterAll(async () => {
  const ended = new Promise((done) => started?.once("exit", done));
  if (started?.kill("SIGTERM") === true) await ended;
  await rm(folder, { recursive: true, force: true });
});

/** A block of code of the README that is in the package, with the ports of this run. */
async function block(language: string, number: number): Promise<string> {
  const readme = await readFile(join(folder, "node_modules/@zhanggui/emulator/README.md"), "utf8");
  const blocks = [...readme.matchAll(/```(\w+)\n([\s\S]*?)```/g)].filter(([, named]) => named === language);
  const text = blocks[number]?.[2] ?? "";
  return text
    .replaceAll("localhost:8791", `localhost:${ports.api}`)
    .replaceAll("localhost:8443", `localhost:${ports.tls}`);
}

async function shell(script: string): Promise<string> {
  const env = { PATH: process.env["PATH"] ?? "" };
  return (await run("bash", ["-eu", "-o", "pipefail", "-c", script], { cwd: folder, env })).stdout;
}

test("the README's calls, as they stand there, change what the phone shows", async () => {
  const printed = await shell(await block("sh", 0));
  const chat = JSON.parse(printed.slice(printed.lastIndexOf('{"appid"'))) as { chat: unknown[]; menu: unknown[] };
  expect(chat.chat.at(-1)).toMatchObject({ from: "account", via: "mass", content: { text: "新茶到店" } });
  expect(chat.menu).toMatchObject([{ name: "今日茶单" }]);
});

test("the README's SDK, as it stands there", async () => {
  // An SDK is installed; here it is the one of this repository.
  const sdk = join(import.meta.dirname, "../../packages/emulator");
  const source = await block("js", 0);
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", source], { cwd: sdk });
  expect(stdout).toContain("常客");
  expect(stdout).toMatch(/count: 1/);
});

test("the README's TLS, as it stands there", async () => {
  expect(await shell(await block("sh", 1))).toContain('"expires_in":7200');
});

test("the library starts in a process of one's own, with its types beside it", async () => {
  const source = `
    import { startEmulator } from "@zhanggui/emulator";
    const emulator = await startEmulator({ seed: 7 });
    console.log(emulator.world.createAccount({ name: "灯笼茶" }).appid);
    await emulator.stop();
  `;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", source], { cwd: folder });
  expect(stdout).toMatch(/^wx[0-9a-f]{16}$/m);
  expect(await readdir(join(folder, "node_modules/@zhanggui/emulator/types"))).toContain("emulator.d.ts");
});

test("it depends on nothing, and brings the licences of what it holds", async () => {
  const home = join(folder, "node_modules/@zhanggui/emulator");
  const manifest = JSON.parse(await readFile(join(home, "package.json"), "utf8")) as Record<string, unknown>;
  expect(manifest).not.toHaveProperty("dependencies");
  const licences = await readFile(join(home, "LICENCES.txt"), "utf8");
  for (const name of ["fastify", "zod", "jpeg-js", "@peculiar/x509"])
    expect(licences).toMatch(new RegExp(`^${name} \\d`, "m"));
  expect(licences).not.toMatch(/\((?:A?GPL|undefined|UNLICENSED)/);
});
