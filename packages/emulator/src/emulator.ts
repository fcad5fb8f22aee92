import { randomInt } from "node:crypto";
import fastify, { type FastifyInstance } from "fastify";
import { type EmulatorClock, machineClock } from "./clock.ts";
import { serveControl } from "./control/routes.ts";
import { startMailSink } from "./mail/sink.ts";
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

/** Starts a WeChat with nobody in it. Rejects with the system's error when a port is taken. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const host = options.host ?? "127.0.0.1";
  let url = "";
  let smtpUrl = "";
  const state = new State({
    clock: options.clock ?? machineClock(),
    seed: options.seed ?? randomInt(2 ** 31),
    pushTimeoutMs: options.pushTimeoutMs ?? pushRules.timeoutMs,
    url: () => url,
    smtpUrl: () => smtpUrl,
  });
  const world = new World(state);
  const app = fastify({ bodyLimit: maxBodyBytes, forceCloseConnections: true });
  await app.register((scope: FastifyInstance) => Promise.resolve(serveWechat(scope, state, apiRoutes)));
  await app.register((scope: FastifyInstance) => Promise.resolve(serveControl(scope, world)));
  await app.register((scope: FastifyInstance) => servePages(scope));
  const sink = await startMailSink(state, { host, port: options.smtpPort ?? 0 });
  smtpUrl = `smtp://${hostInUrl(host)}:${sink.port}`;
  try {
    await app.listen({ host, port: options.port ?? 0 });
  } catch (error) {
    await sink.stop();
    throw error;
  }
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  url = `http://${hostInUrl(host)}:${port}`;
  if (options.log === true) logJournal(state);
  return {
    url,
    smtpUrl,
    world,
    async stop() {
      state.stopping.abort();
      await state.settle();
      await Promise.all([app.close(), sink.stop()]);
    },
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
