import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../tools/postgres.ts";

/** The script itself, where there is one: what Debian puts before it changes the user. */
const script = ["/usr/lib/rabbitmq/bin/rabbitmq-server", "/usr/sbin/rabbitmq-server"].find((path) => existsSync(path));

/** Why there is no RabbitMQ to test against; undefined if there is one. */
export const whyNoRabbit =
  script === undefined || spawnSync("epmd", ["-names"]).error !== undefined
    ? "no RabbitMQ on this machine (Debian: rabbitmq-server)"
    : undefined;

export interface Rabbit {
  readonly url: string;
  start(): Promise<void>;
  /** `SIGTERM` lets it close what it has open; `SIGKILL` doesn't. */
  stop(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Ends it, with all that it left. */
  remove(): Promise<void>;
}

/** A broker of a test's own: ports, folder, cookie and name service are nobody else's. */
export async function newRabbit(): Promise<Rabbit> {
  const folder = await mkdtemp(join(tmpdir(), "zg-rabbitmq-"));
  const [port, distribution, epmd] = [await freePort(), await freePort(), await freePort()];
  await writeFile(join(folder, "enabled_plugins"), "[].\n");
  await writeFile(join(folder, "rabbitmq.conf"), `listeners.tcp.1 = 127.0.0.1:${port}\nlog.console = false\n`);
  const env = {
    PATH: process.env["PATH"],
    HOME: folder,
    ERL_EPMD_PORT: String(epmd),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_NODENAME: `zg${port}@localhost`,
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
    RABBITMQ_CONF_ENV_FILE: join(folder, "none.conf"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
    RABBITMQ_MNESIA_BASE: join(folder, "data"),
    RABBITMQ_LOG_BASE: join(folder, "log"),
    RABBITMQ_PID_FILE: join(folder, "pid"),
    // Then the script becomes the broker, and the process is the one that we started.
    RABBITMQ_ALLOW_INPUT: "1",
  };
  let broker: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const started = spawn(script ?? "", [], { env, cwd: folder, stdio: ["pipe", "ignore", "ignore"] });
    broker = started;
    while (!(await isListening(port))) {
      if (started.exitCode !== null) throw new Error(`RabbitMQ ended with ${started.exitCode}; its log: ${folder}/log`);
      await pause(100);
    }
  };
  const stop = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    const running = broker;
    broker = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    await ended;
  };
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    start,
    stop,
    remove: async () => {
      await stop("SIGKILL");
      // It was started by the broker, on a port of its own, and has nobody left to serve.
      spawnSync("epmd", ["-port", String(epmd), "-kill"]);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  }).then((is) => is === true);
}
