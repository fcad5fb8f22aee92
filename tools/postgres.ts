import { execFile } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { findBinaries, type PostgresBinaries } from "./postgres-binaries.ts";
import { commandLine, isRunning } from "./processes.ts";

export interface ClusterOptions {
  /** Absolute path. Its parent gets `<name>.password` and `<name>.log` beside it. */
  dataFolder: string;
  /** TCP port on 127.0.0.1; any free one when absent. Ignored when the cluster already runs. */
  port?: number;
  /** How long failing starts are repeated, while a predecessor is being cleared away; 10 s when absent. */
  patienceMs?: number;
  /** Server settings, as in postgresql.conf. Ignored when the cluster already runs. */
  settings?: Record<string, string>;
}

export interface Cluster {
  /** The superuser's address of the database `postgres`. */
  url: string;
  /** The postmaster's process id. */
  processId: number;
  /** True when it was already running: left behind by a killed parent, or shared with another one. */
  reattached: boolean;
  /** Ends it and waits. `immediate` skips the final checkpoint: for data that is thrown away. */
  stop(mode?: "fast" | "immediate"): Promise<void>;
}

const superuser = "postgres";

/**
 * Starts the embedded PostgreSQL on `dataFolder`, creating it on first use, or re-attaches to the one that runs there.
 * Survives a killed parent, a killed postmaster, a stale pid file and a half-made data folder.
 * Throws with the end of the server's own log when it won't start. For laptops, demos and tests, not for production.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const binaries = await findBinaries();
  const tools = new ClusterTools(binaries, options.dataFolder);
  await mkdir(dirname(options.dataFolder), { recursive: true });
  if (!existsSync(join(options.dataFolder, "PG_VERSION"))) await tools.create();
  const running = await tools.findRunning();
  if (running) return tools.describe(running, true);
  return tools.describe(await tools.start(options), false);
}

/** The cluster that runs on `dataFolder`; undefined when none does. Starts nothing. */
export async function findCluster(dataFolder: string): Promise<Cluster | undefined> {
  if (!existsSync(join(dataFolder, "postmaster.pid"))) return undefined;
  const tools = new ClusterTools(await findBinaries(), dataFolder);
  const running = await tools.findRunning();
  return running && tools.describe(running, true);
}

/** The address of another database of the same cluster. */
export function databaseUrl(clusterUrl: string, database: string): string {
  const url = new URL(clusterUrl);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}

/**
 * A TCP port of 127.0.0.1 that was free a moment ago, below those that the system gives by itself (Linux: from 32,768
 * on): else any connection of anybody may take it before it is used, or while who has it is away for a moment.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const probe = createServer();
    const isFree = await new Promise<boolean>((done) => {
      probe.once("error", () => done(false));
      probe.listen(port, "127.0.0.1", () => done(true));
    });
    if (!isFree) continue;
    await new Promise((done) => probe.close(done));
    return port;
  }
}

/** The question whether the server speaks TLS: length 8, code 80877103. PostgreSQL's protocol, "SSLRequest". */
const tlsQuestion = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** True when a PostgreSQL on the loopback answers the first question of its protocol. */
async function answers(port: number): Promise<boolean> {
  const socket = createConnection({ port, host: "127.0.0.1" });
  try {
    return await new Promise<boolean>((done) => {
      socket.once("connect", () => socket.write(tlsQuestion));
      socket.once("data", () => done(true));
      for (const end of ["error", "close"]) socket.once(end, () => done(false));
      socket.setTimeout(5_000, () => done(false));
    });
  } finally {
    socket.destroy();
  }
}

interface Postmaster {
  processId: number;
  port: number;
}

class ClusterTools {
  readonly #binaries: PostgresBinaries;
  readonly #dataFolder: string;

  constructor(binaries: PostgresBinaries, dataFolder: string) {
    this.#binaries = binaries;
    this.#dataFolder = dataFolder;
  }

  get #passwordFile(): string {
    return `${this.#dataFolder}.password`;
  }

  get #logFile(): string {
    return `${this.#dataFolder}.log`;
  }

  /** Makes the data folder aside and renames it, so that a killed attempt leaves nothing that looks finished. */
  async create(): Promise<void> {
    const parent = dirname(this.#dataFolder);
    const prefix = `${basename(this.#dataFolder)}.partial-`;
    for (const name of await readdir(parent)) {
      // The initdb of a killed attempt may still be writing there.
      const patient = { recursive: true, force: true, maxRetries: 30, retryDelay: 100 };
      if (name.startsWith(prefix)) await rm(join(parent, name), patient);
    }
    const partial = join(parent, `${prefix}${process.pid}`);
    await mkdir(partial, { mode: 0o700 });
    await this.#giveAway(partial);
    await writeFile(this.#passwordFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
    await this.#giveAway(this.#passwordFile);
    const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
    // Password, not trust: another user of the machine must not become superuser through the loopback port.
    const access = ["--auth=scram-sha-256", `--username=${superuser}`, `--pwfile=${this.#passwordFile}`];
    await this.#run("initdb", ["-D", partial, ...locale, ...access, "--no-instructions", "--no-sync"]);
    if (process.getuid && process.getgid) await chown(this.#passwordFile, process.getuid(), process.getgid());
    await rm(this.#dataFolder, { recursive: true, force: true });
    await rename(partial, this.#dataFolder);
  }

  /** The postmaster of this data folder, if one runs. Removes a pid file that names something else. */
  async findRunning(): Promise<Postmaster | undefined> {
    const postmaster = await this.#readPidFile();
    if (!postmaster) return undefined;
    // After a reboot the number may belong to any program; pg_ctl would take it for the database.
    const isOurs = (await commandLine(postmaster.processId)).includes(`-D ${this.#dataFolder}`);
    // One that was killed a moment ago is still listed: only an answer proves that it lives.
    if (isOurs && (await this.#isReady()) && (await answers(postmaster.port))) return postmaster;
    if (!isOurs) await rm(join(this.#dataFolder, "postmaster.pid"), { force: true });
    return undefined;
  }

  /** Starts the postmaster, again for some seconds while a predecessor that was killed is still being cleared away. */
  async start(options: ClusterOptions): Promise<Postmaster> {
    const deadline = Date.now() + (options.patienceMs ?? 10_000);
    for (;;) {
      try {
        await this.#startOnce(options.port ?? (await freePort()), options.settings ?? {});
        const postmaster = await this.#readPidFile();
        if (postmaster) return postmaster;
      } catch (error) {
        if (Date.now() >= deadline) throw await this.#withLog(error);
      }
      await pause(300);
      const other = await this.findRunning();
      if (other) return other;
    }
  }

  async describe(postmaster: Postmaster, reattached: boolean): Promise<Cluster> {
    const password = (await readFile(this.#passwordFile, "utf8")).trim();
    return {
      url: `postgres://${superuser}:${password}@127.0.0.1:${postmaster.port}/postgres`,
      processId: postmaster.processId,
      reattached,
      stop: (mode = "fast") => this.#stop(mode),
    };
  }

  async #stop(mode: "fast" | "immediate"): Promise<void> {
    const stop = (how: string) => this.#run("pg_ctl", ["stop", "-D", this.#dataFolder, "-m", how, "-w", "-t", "20"]);
    if (!(await this.#readPidFile())) return;
    try {
      await stop(mode);
    } catch {
      if (await this.findRunning()) await stop("immediate");
    }
  }

  async #startOnce(port: number, settings: Record<string, string>): Promise<void> {
    const all = {
      listen_addresses: "127.0.0.1",
      port: String(port),
      unix_socket_directories: "",
      timezone: "UTC",
      log_timezone: "UTC",
      ...settings,
    };
    const words = Object.entries(all).map(([name, value]) => `-c ${name}='${value}'`);
    await writeFile(this.#logFile, "");
    await this.#giveAway(this.#logFile);
    const where = ["-D", this.#dataFolder, "-l", this.#logFile];
    await this.#run("pg_ctl", ["start", ...where, "-w", "-t", "60", "-o", words.join(" ")]);
  }

  async #isReady(): Promise<boolean> {
    // One that is still starting, or recovering from a crash, is waited for: its pid file says when it is ready.
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline) {
      const lines = await this.#pidFileLines();
      if (!lines) return false;
      if (lines[7]?.trim() === "ready") return true;
      if (!(await isRunning(Number(lines[0])))) return false;
      await pause(50);
    }
    return false;
  }

  async #readPidFile(): Promise<Postmaster | undefined> {
    const lines = await this.#pidFileLines();
    if (!lines || !(Number(lines[0]) > 0)) return undefined;
    return { processId: Number(lines[0]), port: Number(lines[3]) };
  }

  /** The pid file's lines: id, data folder, start time, port, …, state. PostgreSQL: src/include/utils/pidfile.h. */
  async #pidFileLines(): Promise<string[] | undefined> {
    const text = await readFile(join(this.#dataFolder, "postmaster.pid"), "utf8").catch(() => undefined);
    return text?.split("\n");
  }

  async #giveAway(path: string): Promise<void> {
    const { runAs } = this.#binaries;
    if (runAs) await chown(path, runAs.uid, runAs.gid);
  }

  async #run(program: string, words: string[]): Promise<void> {
    // A caller's PG* variables and a folder that `nobody` can't enter would both mislead the programs.
    const env = { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" };
    const options = { env, cwd: "/", ...this.#binaries.runAs };
    await new Promise<void>((done, fail) => {
      const child = execFile(join(this.#binaries.folder, program), words, options, (error, stdout, stderr) => {
        if (!error) done();
        else fail(new Error(`${program} failed: ${stderr.trim() || stdout.trim() || error.message}`));
      });
      // The postmaster inherits pg_ctl's output; without this its open end would keep the promise waiting.
      child.once("exit", (code) => code === 0 && done());
    });
  }

  async #withLog(error: unknown): Promise<Error> {
    const log = await readFile(this.#logFile, "utf8").catch(() => "");
    const end = log.trim().split("\n").slice(-8).join("\n");
    return new Error(`PostgreSQL did not start (${this.#dataFolder}).\n${end}`, { cause: error });
  }
}
