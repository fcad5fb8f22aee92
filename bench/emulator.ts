import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { freePort } from "../tools/postgres.ts";
import { packEmulator } from "../tools/zg/pack.ts";
import { inRoot } from "../tools/zg/paths.ts";
import { measured, onShutdown } from "./support/clean-up.ts";
import { median, printMachine, printTable, shown } from "./support/figures.ts";
import { bestRates } from "./support/rates.ts";

/*
 * The emulator as it is published: how soon it answers after its process began, what it weighs with a hundred thousand
 * puppets, and how many calls it answers, beside a bare Fastify that answers the same number of bytes.
 */
const puppets = 100_000;
const atOnce = 16;
const agent = new Agent({ keepAlive: true, maxSockets: atOnce });

/** Starts a program and waits until it prints `ready`. */
async function start(words: readonly string[], ready: string): Promise<{ child: ChildProcess; ms: number }> {
  const from = performance.now();
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  onShutdown(async () => {
    const ended = once(child, "exit");
    if (child.kill("SIGTERM")) await ended;
  });
  await new Promise<void>((done, fail) => {
    let printed = "";
    child.stdout.on("data", (text: Buffer) => {
      printed += text.toString();
      if (printed.includes(ready)) done();
    });
    child.once("exit", () => fail(new Error(`ended: ${printed}`)));
  });
  return { child, ms: performance.now() - from };
}

function ask(url: string, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const sent = request(url, { agent, method: body === undefined ? "GET" : "POST", headers }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk));
      reply.on("end", () => resolve(Buffer.concat(chunks).toString()));
    });
    sent.on("error", reject).end(body);
  });
}

/** Megabytes that a process holds in memory (Linux). */
async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Puppets in portions, as a program would tell of them. */
async function settle(url: string): Promise<string> {
  const portion = 1_000;
  let openid = "";
  for (let from = 0; from < puppets; from += portion) {
    const bonds = Array.from({ length: portion }, (_, number) => ({
      puppet: { id: `puppet-${from + number}`, name: "茶客" },
      following: true,
      followedAt: 1_790_000_000_000,
    }));
    const answer = await ask(`${url}/emulator/accounts/wxbench/past`, JSON.stringify({ bonds }));
    ({ openid } = (JSON.parse(answer) as { bonds: [{ openid: string }] }).bonds[0]);
  }
  return openid;
}

await measured(async () => {
  printMachine();
  await packEmulator();
  const cli = inRoot("packages/emulator/dist/cli.js");
  const starts: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const { child, ms } = await start([cli, "--port", String(await freePort()), "--smtp-port", "0"], "control API");
    starts.push(ms);
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  const port = await freePort();
  const { child } = await start([cli, "--port", String(port), "--smtp-port", "0"], "control API");
  const url = `http://127.0.0.1:${port}`;
  const empty = await residentMegabytes(child.pid ?? 0);
  await ask(`${url}/emulator/accounts`, JSON.stringify({ appid: "wxbench", secret: "bench" }));
  const openid = await settle(url);
  const full = await residentMegabytes(child.pid ?? 0);
  const credentials = "grant_type=client_credential&appid=wxbench&secret=bench";
  const token = (JSON.parse(await ask(`${url}/cgi-bin/token?${credentials}`)) as { access_token: string }).access_token;
  const call = `${url}/cgi-bin/user/info?access_token=${token}&openid=${openid}`;
  const bytes = Buffer.byteLength(await ask(call));
  const floorPort = await freePort();
  const floor = [
    'import fastify from "fastify";',
    `const app = fastify(); const body = "x".repeat(${bytes});`,
    'app.get("/", (_request, reply) => reply.type("application/json").send(body));',
    `await app.listen({ host: "127.0.0.1", port: ${floorPort} }); console.log("ready");`,
  ];
  const words = ["--input-type=module", "--eval", floor.join("\n")];
  process.chdir(join(inRoot("packages/emulator")));
  await start(words, "ready");
  const [calls = 0, bare = 0] = await bestRates([() => ask(call), () => ask(`http://127.0.0.1:${floorPort}/`)], atOnce);
  printTable(
    ["", "seen", "aim"],
    [
      ["ms until it answers", shown(median(starts)), "1,000"],
      ["MB resident, empty", shown(empty), ""],
      [`MB resident, ${puppets.toLocaleString("en")} puppets`, shown(full), "120"],
      [`user/info a second, ${atOnce} at once`, shown(calls), "3,000"],
      ["a bare Fastify, as many bytes", shown(bare), ""],
    ],
  );
  console.log(`ratio to the floor: ${shown(calls / bare)}`);
  agent.destroy();
});
