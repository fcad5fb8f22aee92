import { mkdir } from "node:fs/promises";
import { exclusively } from "../lock.ts";
import { signal } from "./records.ts";
import type { StartOptions } from "./arguments.ts";
import { endingSignals, killCommands } from "./commands.ts";
import { type Database, dropEmbedded, openEmbedded } from "./database.ts";
import { inRoot, inState, stateFolder } from "./paths.ts";
import { demandFree, type Ports, portsFrom } from "./ports.ts";
import { Problem } from "./problem.ts";
import type { Progress } from "./progress.ts";
import { keepSecrets, type Secrets } from "./secrets.ts";
import {
  endLeftServices,
  endOfLog,
  killService,
  type Service,
  startService,
  stopService,
  waitUntilReady,
} from "./services.ts";
import { build, setUp } from "./setup.ts";
import { type Login, needsSetup, World } from "./world.ts";

export const startLock = inState("start.lock");

/** Runs everything until it is told to end; resolves with the exit code. */
export async function start(options: StartOptions, progress: Progress): Promise<number> {
  await mkdir(stateFolder, { recursive: true });
  const onWait = (holder: number) => {
    throw new Problem(`Zhanggui already runs from this checkout (process ${holder}). ./zg stop ends it.`);
  };
  return exclusively(startLock, { waitMs: 10_000, onWait }, () => new Start(options, progress).run());
}

class Start {
  readonly #options: StartOptions;
  readonly #progress: Progress;
  readonly #ports: Ports;
  readonly #services: Service[] = [];
  readonly #world = new World(process.env["DATABASE_URL"] || undefined);
  #database: Database | undefined;
  #signals = 0;
  #interrupt: () => void = () => undefined;
  readonly #interrupted: Promise<void>;

  constructor(options: StartOptions, progress: Progress) {
    this.#options = options;
    this.#progress = progress;
    this.#ports = portsFrom(options.port);
    this.#interrupted = new Promise((done) => {
      this.#interrupt = done;
    });
  }

  async run(): Promise<number> {
    for (const name of endingSignals) process.on(name, () => this.#onSignal());
    try {
      await this.#bringUp();
      return await this.#watch();
    } catch (error) {
      if (this.#signals === 0) throw error;
      return 130;
    } finally {
      await this.#takeDown();
    }
  }

  #onSignal(): void {
    this.#signals++;
    if (this.#signals === 1) {
      this.#progress.say("Stopping (once more kills)…");
      killCommands();
      this.#interrupt();
      return;
    }
    for (const service of this.#services) killService(service);
    // To a postmaster, SIGQUIT means: end at once, recover at the next start.
    if (this.#database?.cluster) signal(this.#database.cluster.processId, "SIGQUIT", false);
    killCommands();
    process.exit(130);
  }

  async #bringUp(): Promise<void> {
    await this.#unlessInterrupted(() => setUp(this.#progress));
    const left = await endLeftServices();
    if (left.length > 0) this.#progress.say(`  ended what a killed start had left: ${left.join(", ")}`);
    await demandFree(this.#ports);
    await this.#unlessInterrupted(() => build(this.#progress));
    await this.#unlessInterrupted(() => this.#openDatabase());
    const secrets = await keepSecrets(inState("secrets.json"));
    await this.#unlessInterrupted(() => this.#startServices(secrets));
    const logins = await this.#unlessInterrupted(() => this.#fill(secrets));
    await this.#announce(secrets, logins);
  }

  /** Runs a stage; a signal during it ends the start once the stage returns or throws (its commands are killed). */
  async #unlessInterrupted<R>(stage: () => Promise<R>): Promise<R> {
    if (this.#signals > 0) throw new Problem("Interrupted.");
    const result = await stage();
    if (this.#signals > 0) throw new Problem("Interrupted.");
    return result;
  }

  get #urls(): Record<keyof Ports, string> {
    const { server, emulator, mail } = this.#ports;
    const at = (scheme: string, port: number) => `${scheme}://127.0.0.1:${port}`;
    return { server: at("http", server), emulator: at("http", emulator), mail: at("smtp", mail) };
  }

  async #openDatabase(): Promise<void> {
    const given = process.env["DATABASE_URL"];
    const isHalf = await this.#world.isHalfFilled();
    if (given) {
      if (this.#options.fresh) throw new Problem("--fresh drops the embedded database only; DATABASE_URL is yours.");
      if (isHalf && this.#options.demo) {
        throw new Problem("A broken-off start left half a demonstration in DATABASE_URL: empty it, or add --no-demo.");
      }
      this.#database = { url: given, cluster: undefined };
      return;
    }
    if (this.#options.fresh) {
      this.#progress.say("--fresh: dropping the embedded database with all its data");
      await this.#progress.step("fresh", async () => {
        await this.#world.forget();
        await dropEmbedded();
      });
    }
    await this.#progress.step("database", async (remark) => {
      const startOver = isHalf && !this.#options.fresh;
      if (startOver) remark("starting over: the demonstration was broken off half-way");
      this.#database = await openEmbedded({ empty: startOver });
      if (startOver) await this.#world.forget();
      else if (this.#database.cluster?.reattached) remark("re-attached");
    });
  }

  async #startServices(secrets: Secrets): Promise<void> {
    const { server, emulator } = this.#urls;
    const startServer = async () => {
      const own = serverEnvironment(this.#ports, secrets, this.#database?.url ?? "");
      const environment = { ...own, FILES_DIR: this.#world.filesFolder };
      const service = await this.#launch("server", ["--enable-source-maps", "apps/server/dist/main.js"], environment);
      await waitUntilReady(service, `${server}/health`, true);
    };
    const startEmulator = async () => {
      const ports = ["--port", String(this.#ports.emulator), "--smtp-port", String(this.#ports.mail)];
      const words = ["packages/emulator/src/cli.ts", ...ports, "--state", this.#world.emulatorState];
      await waitUntilReady(await this.#launch("emulator", words, {}), `${emulator}/emulator/health`, false);
    };
    // They don't need each other to boot, so neither waits.
    const both = [this.#progress.step("server", startServer), this.#progress.step("emulator", startEmulator)];
    const failed = (await Promise.allSettled(both)).find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  }

  async #launch(name: string, words: string[], environment: Record<string, string>): Promise<Service> {
    const service = await startService(name, words, environment);
    this.#services.push(service);
    void this.#interrupted.then(() => stopService(service));
    return service;
  }

  /** Seeds an empty database; the log-ins to show. */
  async #fill({ setupToken }: Secrets): Promise<Login[]> {
    const { server, emulator } = this.#urls;
    if (!this.#options.demo || !(await needsSetup(server))) return this.#world.logins();
    const databaseUrl = this.#database?.url ?? "";
    return this.#progress.step("demonstration", (log) =>
      this.#world.fill({ serverUrl: server, emulatorUrl: emulator, setupToken, databaseUrl, log }),
    );
  }

  async #announce({ setupToken }: Secrets, logins: Login[]): Promise<void> {
    const { server, emulator, mail } = this.#urls;
    const lines = [
      "",
      "Zhanggui runs. Ctrl-C stops it.",
      `  Console   ${server}/`,
      `  Emulator  ${emulator}/   (stands in for WeChat)`,
      `  Mail      ${mail}         (read it in the emulator)`,
    ];
    if (logins.length > 0) {
      const width = (key: keyof Login) => Math.max(...logins.map((login) => login[key].length));
      lines.push("", "  Log in as");
      for (const { role, login, password } of logins) {
        lines.push(`  ${role.padEnd(width("role"))}  ${login.padEnd(width("login"))}  ${password}`);
      }
    } else if (await needsSetup(server)) {
      lines.push("", `  First set-up: ${server}/login#token=${setupToken}`);
    }
    const moved = await this.#world.movedSentence(server);
    if (moved !== undefined) lines.push("", `! ${moved}`);
    for (const line of lines) this.#progress.say(line);
  }

  /** Until a signal, or until something that should run doesn't any more. */
  async #watch(): Promise<number> {
    const ends = this.#services.map(async (service) => ({ service, sentence: await service.ended }));
    const first = await Promise.race([this.#interrupted, ...ends]);
    if (first === undefined || this.#signals > 0) return 0;
    this.#progress.say(`zg: ${first.sentence} ${await endOfLog(first.service)}`);
    return 1;
  }

  async #takeDown(): Promise<void> {
    await Promise.all(this.#services.map(stopService));
    await this.#database?.cluster?.stop();
    if (this.#signals > 0) this.#progress.say("Stopped.");
  }
}

/** What the server is told on this machine. */
export function serverEnvironment(ports: Ports, secrets: Secrets, databaseUrl: string): Record<string, string> {
  const emulator = `http://127.0.0.1:${ports.emulator}`;
  return {
    NODE_ENV: "development",
    DATABASE_URL: databaseUrl,
    ROLE: "all",
    HOST: "127.0.0.1",
    PORT: String(ports.server),
    PUBLIC_URL: `http://127.0.0.1:${ports.server}`,
    SECRET_KEYS: secrets.secretKey,
    JWT_SECRET: secrets.jwtSecret,
    SETUP_TOKEN: secrets.setupToken,
    WECHAT_API_URL: emulator,
    WECHAT_MP_URL: emulator,
    WECHAT_OPEN_URL: emulator,
    SMTP_URL: `smtp://127.0.0.1:${ports.mail}`,
    SMS_URL: `${emulator}/sms/messages`,
    SMS_API_URL: emulator,
    LOG_LEVEL: process.env["LOG_LEVEL"] ?? "info",
    // Nothing balances here, so nothing has to notice.
    UNREADY_SECONDS: "0",
    DRAIN_SECONDS: "8",
    DEMO: "1",
    CONSOLE_DIR: inRoot("apps/console/dist"),
  };
}
