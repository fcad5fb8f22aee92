import { randomInt } from "node:crypto";
import fastify, { type FastifyInstance } from "fastify";
import { type EmulatorClock, machineClock } from "./clock.ts";
import { serveControl } from "./control/routes.ts";
import { startMailSink } from "./mail/sink.ts";
import { MemoryFile } from "./memory/file.ts";
import { restoreWorld, saveWorld } from "./memory/world.ts";
import { servePages } from "./pages.ts";
import { serveWechat } from "./wechat/gateway.ts";
import { menuRoutes } from "./wechat/menus-api.ts";
import { messageRoutes } from "./wechat/messages-api.ts";
import { qrCodeRoutes } from "./wechat/qrcodes-api.ts";
import { tokenRoutes } from "./wechat/tokens-api.ts";
import { userRoutes } from "./wechat/users-api.ts";
import { pushRules } from "./wechat/limits.ts";
import { State } from "./world/state.ts";
import { World } from "./world/world.ts";

export interface EmulatorOptions {
  /** 0: any free port. Default 0. */
  port?: number;
  smtpPort?: number;
  /** Default 127.0.0.1: the control API asks nobody for a password. */
  host?: string;
  clock?: EmulatorClock;
  /**
   * Where the world is kept between runs; without it, only in memory. Its seed holds, and its clock's offset unless
   * `clock` is given. An error (an Error with a sentence) when another emulator has the file.
   */
  stateFile?: string;
  /** Gets a sentence when the state file could not be used or written. Default: to standard error. */
  warn?: (sentence: string) => void;
  /** The same seed and the same calls give the same ids, openids and nonces. */
  seed?: number;
  /** Write one line per call and push to standard output. */
  log?: boolean;
  /** How long WeChat waits for the developer's answer; 5,000 on the real platform. */
  pushTimeoutMs?: number;
}

export interface Emulator {
  /** `http://127.0.0.1:8791`: WeChat's API, the control API and the pages. */
  url: string;
  /** `smtp://127.0.0.1:2525`. */
  smtpUrl: string;
  world: World;
  stop(): Promise<void>;
}

const apiRoutes = [...tokenRoutes, ...userRoutes, ...qrCodeRoutes, ...messageRoutes, ...menuRoutes];
const maxBodyBytes = 12_000_000;

/**
 * Starts a WeChat with nobody in it, or with the world of `stateFile`. Rejects with the system's error when a port is
 * taken.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const warn = options.warn ?? ((sentence: string): void => void process.stderr.write(`${sentence}\n`));
  const memory = options.stateFile === undefined ? null : await MemoryFile.open(options.stateFile, warn);
  const loaded = memory?.loaded ?? null;
  const address = { url: "", smtpUrl: "" };
  const state = new State({
    clock: options.clock ?? machineClock(loaded?.clockOffsetMs),
    seed: loaded?.seed ?? options.seed ?? randomInt(2 ** 31),
    pushTimeoutMs: options.pushTimeoutMs ?? pushRules.timeoutMs,
    url: () => address.url,
    smtpUrl: () => address.smtpUrl,
  });
  if (loaded !== null) restoreWorld(state, loaded);
  if (options.log === true) logJournal(state);
  const world = new World(state);
  try {
    const stopServers = await serve(world, options, address);
    memory?.keep(() => saveWorld(state));
    if (memory !== null) state.happenings.on("happening", () => memory.changed());
    memory?.changed();
    return {
      ...address,
      world,
      async stop() {
        state.stopping.abort();
        await state.settle();
        await stopServers();
        await memory?.close();
      },
    };
  } catch (error) {
    await memory?.close();
    throw error;
  }
}

/** Opens both ports, writes down where, and returns how to close them. */
async function serve(
  world: World,
  options: EmulatorOptions,
  address: { url: string; smtpUrl: string },
): Promise<() => Promise<void>> {
  const host = options.host ?? "127.0.0.1";
  const { state } = world;
  const app = fastify({ bodyLimit: maxBodyBytes, forceCloseConnections: true });
  await app.register((scope: FastifyInstance) => Promise.resolve(serveWechat(scope, state, apiRoutes)));
  await app.register((scope: FastifyInstance) => Promise.resolve(serveControl(scope, world)));
  await app.register((scope: FastifyInstance) => servePages(scope));
  const sink = await startMailSink(state, { host, port: options.smtpPort ?? 0 });
  address.smtpUrl = `smtp://${hostInUrl(host)}:${sink.port}`;
  try {
    await app.listen({ host, port: options.port ?? 0 });
  } catch (error) {
    await sink.stop();
    throw error;
  }
  const listening = app.server.address();
  const port = typeof listening === "object" && listening !== null ? listening.port : options.port;
  address.url = `http://${hostInUrl(host)}:${port}`;
  return async () => {
    await Promise.all([app.close(), sink.stop()]);
  };
}

/** The address others can use: a wildcard host is reached by the loopback one. */
function hostInUrl(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

function logJournal(state: State): void {
  state.happenings.on("happening", (happening) => {
    if (happening.type !== "journal") return;
    const { at, kind, what, status, ms, tries, note } = happening.entry;
    const time = new Date(at).toISOString();
    process.stdout.write(`${time} ${kind} ${what} ${status ?? "-"} ${ms} ms, tries ${tries}: ${note}\n`);
  });
}
