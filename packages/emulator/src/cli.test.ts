import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";

const cli = fileURLToPath(new URL("cli.ts", import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

interface Ended {
  code: number | null;
  output: string;
  errors: string;
}

function start(
  args: string[],
  env: Record<string, string> = {},
): { child: ChildProcess; ready: Promise<string>; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [cli, ...args], { env: { ...process.env, ...env } });
  children.push(child);
  let output = "";
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += String(chunk)));
  const ready = new Promise<string>((resolve) => {
    child.stdout.on("data", (chunk: Buffer) => {
      output += String(chunk);
      if (output.includes("control API")) resolve(output);
    });
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => resolve({ code, output, errors }));
  });
  return { child, ready, ended };
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "prints its addresses, and %s stops it although a page is open",
  async (signal) => {
    const { child, ready, ended } = start([], { EMULATOR_PORT: "0", EMULATOR_SMTP_PORT: "0" });
    const output = await ready;
    expect(output).toMatch(/smtp:\/\/127\.0\.0\.1:\d+/);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0] ?? "";
    const live = await fetch(`${url}/emulator/live`);
    child.kill(signal);
    expect((await ended).code).toBe(0);
    await live.body?.cancel().catch(() => undefined);
  },
);

test.each(["--port", "--smtp-port"])("a taken %s gets a sentence", async (option) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const address = other.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const rest = option === "--port" ? ["--smtp-port", "0"] : ["--port", "0"];
  const { code, errors } = await start([option, String(port), ...rest]).ended;
  expect(code).toBe(1);
  expect(errors).toContain(`Port ${port} is taken`);
  await new Promise((resolve) => other.close(resolve));
});

test("a mistyped option gets a sentence and the usage", async () => {
  const { code, errors } = await start(["--port", "eighty"]).ended;
  expect(code).toBe(2);
  expect(errors).toContain('--port wants a whole number, not "eighty".');
  expect(errors).toContain("Usage:");
});

test("--state: killed with -9, it knows its world again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "zhanggui-emulator-"));
  const file = join(folder, "emulator.json");
  const words = ["--port", "0", "--smtp-port", "0", "--state", file];
  try {
    const first = start(words);
    const url = urlIn(await first.ready);
    const puppet = JSON.stringify({ id: "tea" });
    const headers = { "content-type": "application/json" };
    await fetch(`${url}/emulator/puppets`, { method: "POST", body: puppet, headers });
    await expect.poll(() => readFile(file, "utf8")).toContain('"id":"tea"');
    const second = await start(words).ended;
    expect(second).toMatchObject({ code: 1, errors: expect.stringContaining(`(process ${first.child.pid})`) });
    first.child.kill("SIGKILL");
    await first.ended;
    const again = urlIn(await start(words).ready);
    expect(await (await fetch(`${again}/emulator/puppets`)).json()).toMatchObject({ puppets: [{ id: "tea" }] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

function urlIn(output: string): string {
  return /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0] ?? "";
}
