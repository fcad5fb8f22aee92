import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { inState } from "./paths.ts";
import { Problem } from "./problem.ts";
import { writeWhole } from "./steps.ts";

export interface Login {
  role: string;
  login: string;
  password: string;
}

interface DemoNote {
  state: "half" | "whole";
  logins: Login[];
  /** The server's address at the time: the stand-in's account sends its messages there. */
  serverUrl: string;
}

export interface DemoTarget {
  serverUrl: string;
  emulatorUrl: string;
  setupToken: string;
  databaseUrl: string;
  log: (line: string) => void;
}

/** What zg keeps beside one database: the stand-in's world, whose accounts are bound there, and its demonstration. */
export class World {
  /** Where the emulator keeps its world. */
  readonly emulatorState: string;
  /** Where the server keeps files. */
  readonly filesFolder: string;
  readonly #folder: string;
  readonly #noteFile: string;

  /** @param databaseUrl undefined for the embedded one */
  constructor(databaseUrl: string | undefined) {
    const name = databaseUrl === undefined ? "embedded" : nameOf(databaseUrl);
    this.#folder = inState("worlds", name);
    this.emulatorState = join(this.#folder, "emulator.json");
    this.filesFolder = join(this.#folder, "files");
    this.#noteFile = join(this.#folder, "demo.json");
  }

  /** The database is being dropped or emptied. */
  async forget(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** What is in the database is neither empty nor whole: filling it was broken off. */
  async isHalfFilled(): Promise<boolean> {
    return (await this.#note())?.state === "half";
  }

  /** The log-ins of the demonstration that an earlier start put there. */
  async logins(): Promise<Login[]> {
    return (await this.#note())?.logins ?? [];
  }

  /** The sentence to show when the demonstration was made under another address. */
  async movedSentence(serverUrl: string): Promise<string | undefined> {
    const made = (await this.#note())?.serverUrl ?? serverUrl;
    if (made === serverUrl) return undefined;
    return (
      `The demonstration was made at ${made}, and its account still sends messages there: ` +
      `./zg start --port ${new URL(made).port}, or --fresh for a new one here.`
    );
  }

  /** Fills the empty database with the demonstration business, through the server's own API. */
  async fill(target: DemoTarget): Promise<Login[]> {
    const { serverUrl } = target;
    await this.#write({ state: "half", logins: [], serverUrl });
    // Loaded here: zg starts before the dependencies are there.
    const { seedDemo } = await import("@zhanggui/server/testing/demo");
    const { logins } = await seedDemo(target);
    await this.#write({ state: "whole", logins, serverUrl });
    return logins;
  }

  async #note(): Promise<DemoNote | undefined> {
    const text = await readFile(this.#noteFile, "utf8").catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as DemoNote);
  }

  async #write(note: DemoNote): Promise<void> {
    await writeWhole(this.#noteFile, `${JSON.stringify(note, null, 2)}\n`, 0o600);
  }
}

/** True when the server says that its database has no tenant yet. */
export async function needsSetup(serverUrl: string): Promise<boolean> {
  const answer = await fetch(`${serverUrl}/api/setup`);
  if (!answer.ok) throw new Problem(`The server answered ${answer.status} to GET /api/setup.`);
  return ((await answer.json()) as { needed: boolean }).needed;
}

/** The password may change; the database is the same. */
function nameOf(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.password = "";
  return createHash("sha256").update(url.href).digest("hex").slice(0, 10);
}
