import { randomInt } from "node:crypto";
import fastify, { type FastifyInstance } from "fastify";
import { type EmulatorClock, machineClock } from "./clock.ts";
import { serveControl } from "./control/routes.ts";
import { FamilyPorts, hostFamilyNames, type HostFamily, type HostPorts } from "./host-ports.ts";
import { serveCarriers } from "./sms/serve.ts";
import { startMailSink } from "./mail/sink.ts";
import { MemoryFile } from "./memory/file.ts";
import { serveJsSdk } from "./js-sdk.ts";
import { servePages } from "./pages.ts";
import { answerUnreadable, serveWechat } from "./wechat/gateway.ts";
import { openSecurePort } from "./tls/secure-port.ts";
import { serveAuthorizePage } from "./wechat/authorize-page.ts";
import { apiRoutes } from "./wechat/routes.ts";
import { pushRules } from "./wechat/limits.ts";
import { State } from "./world/state.ts";
import { World } from "./world/world.ts";

export interface EmulatorOptions {
  /** 0: any free port. Default 0. */
  port?: number;
  smtpPort?: number;
  /** Default 127.0.0.1: the control API asks nobody for a password. */
  host?: string;
  /** Names that control API and pages may be called by, besides addresses, localhost and names without a dot. */
  allowedHosts?: readonly string[];
  /**
   * Takes TLS and CONNECT at another port too (0: any free one), for programs whose hosts are hard-coded. `folder`
   * keeps the authority that such a program must trust, `ca.pem`.
   */
  tls?: { port?: number; folder: string };
  /**
   * Also a port for each host family of WeChat's that is named here (0: any free one), which serves what that host
   * does and nothing else.
   */
  hostPorts?: HostPorts;
  clock?: EmulatorClock;
  /**
   * Where the world is kept between runs; without it, only in memory. Its seed holds, and its clock's offset unless
   * `clock` is given. An error (an Error with a sentence) when another emulator has the file.
   */
  stateFile?: string;
  /** Where snapshots are kept. Default: beside the state file; without one, only while it runs. */
  snapshotFolder?: string;
  /** The snapshot that it begins with, instead of what the state file holds. */
  restore?: string;
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
  /** `http://127.0.0.1:8791/sms/messages`: takes text messages, and sends none. */
  smsUrl: string;
  /** `https://127.0.0.1:8443`, and what programs are told by `HTTPS_PROXY`; null without `tls`. */
  tls: { url: string; proxyUrl: string; authorityPath: string } | null;
  /** By host family, `http://127.0.0.1:8801` and so on; only those that were asked for. */
  hosts: Readonly<Partial<Record<HostFamily, string>>>;
  world: World;
  stop(): Promise<void>;
}

const maxBodyBytes = 12_000_000;

/**
 * Starts a WeChat with nobody in it, or with the world of `stateFile`. Rejects with the system's error when a port is
 * taken.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const warn = options.warn ?? ((sentence: string): void => void process.stderr.write(`${sentence}\n`));
  const memory = options.stateFile === undefined ? null : await MemoryFile.open(options.stateFile, warn);
  const address: Address = { url: "", smtpUrl: "", tls: null, hosts: {} };
  const state = new State({
    clock: options.clock ?? machineClock(),
    seed: options.seed ?? randomInt(2 ** 31),
    pushTimeoutMs: options.pushTimeoutMs ?? pushRules.timeoutMs.value,
    url: () => address.url,
    smtpUrl: () => address.smtpUrl,
  });
  if (options.log === true) logJournal(state);
  const snapshotFolder = options.stateFile === undefined ? null : `${options.stateFile}.snapshots`;
  const world = new World(state, options.snapshotFolder ?? snapshotFolder);
  try {
    const offsetMs = options.clock?.offsetMs;
    await memory?.load(state);
    if (options.restore !== undefined) await world.restoreSnapshot(options.restore);
    // Whoever brings a clock has set it.
    if (offsetMs !== undefined) state.clock.offsetMs = offsetMs;
    const stopServers = await serve(world, options, address);
    memory?.keep(state);
    return {
      ...address,
      smsUrl: `${address.url}/sms/messages`,
      world,
      async stop() {
        state.stopping.abort();
        await state.settle();
        await stopServers();
        await memory?.close();
        await world.kept.close();
      },
    };
  } catch (error) {
    await memory?.close();
    throw error;
  }
}

type Address = Pick<Emulator, "url" | "smtpUrl" | "tls" | "hosts">;

/** Opens the ports, writes down where, and returns how to close them. */
async function serve(world: World, options: EmulatorOptions, address: Address): Promise<() => Promise<void>> {
  const host = options.host ?? "127.0.0.1";
  const { state } = world;
  const app = fastify({
    bodyLimit: maxBodyBytes,
    forceCloseConnections: true,
    // An address that can't be read is WeChat's to answer, too.
    frameworkErrors: (_error, request, reply) => void answerUnreadable(state, request, reply),
  });
  const families = new FamilyPorts();
  families.guard(app, (request, reply) => answerUnreadable(state, request, reply));
  await app.register((scope: FastifyInstance) => Promise.resolve(serveWechat(scope, state, apiRoutes)));
  await app.register((scope: FastifyInstance) =>
    Promise.resolve(serveAuthorizePage(scope, state, options.allowedHosts)),
  );
  await app.register((scope: FastifyInstance) => Promise.resolve(serveCarriers(scope, state)));
  await app.register((scope: FastifyInstance) => Promise.resolve(serveControl(scope, world, options.allowedHosts)));
  await app.register((scope: FastifyInstance) => Promise.resolve(serveJsSdk(scope, options.allowedHosts)));
  await app.register((scope: FastifyInstance) => servePages(scope, options.allowedHosts));
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
  const closing = [() => app.close(), () => sink.stop(), () => families.close()];
  try {
    await families.open(app.server, host, options.hostPorts ?? {});
    const urls = hostFamilyNames.flatMap((family) => {
      const opened = families.opened.get(family);
      return opened === undefined ? [] : [[family, `http://${hostInUrl(host)}:${opened}`] as const];
    });
    address.hosts = Object.fromEntries(urls);
    if (options.tls !== undefined) closing.push(await secure(app, options.tls, host, address));
  } catch (error) {
    await Promise.all(closing.map((close) => close()));
    throw error;
  }
  return async () => {
    await Promise.all(closing.map((close) => close()));
  };
}

/** Opens the port for TLS and CONNECT; returns how to close it. */
async function secure(
  app: FastifyInstance,
  { port = 0, folder }: NonNullable<EmulatorOptions["tls"]>,
  host: string,
  address: Address,
): Promise<() => Promise<void>> {
  // Certificates cost a start half of its time, so only who wants them waits for them.
  const { Authority } = await import("./tls/authority.ts");
  const authority = await Authority.open(folder);
  const opened = await openSecurePort(app.server, authority, { host, port });
  const at = `${hostInUrl(host)}:${opened.port}`;
  address.tls = { url: `https://${at}`, proxyUrl: `http://${at}`, authorityPath: authority.certificatePath };
  return opened.close;
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
