import { mkdir, readFile, realpath, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { z } from "zod";
import { claim } from "./claim.ts";
import { SavedWorld, savedVersion } from "./shape.ts";

/** A change is on disk at most this much later, unless writing the world takes longer than a tenth of it. */
const longestDelayMs = 200;
/** Writing takes at most one part in so many of the time, however large the world. */
const writingShare = 10;

/**
 * The file a world lives in between runs: mode 0600, for it holds secrets; replaced whole, so that a reader or a crash
 * finds the old world or the new one. One emulator at a time may have it.
 */
export class MemoryFile {
  /** What was in the file; null: nothing, or nothing that could be used. */
  readonly loaded: SavedWorld | null;
  readonly #path: string;
  readonly #release: () => Promise<void>;
  readonly #say: (sentence: string) => void;
  #take: (() => SavedWorld) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #delayMs = longestDelayMs;
  #hasComplained = false;

  private constructor(
    path: string,
    loaded: SavedWorld | null,
    release: () => Promise<void>,
    say: (sentence: string) => void,
  ) {
    this.#path = path;
    this.loaded = loaded;
    this.#release = release;
    this.#say = say;
  }

  /**
   * Takes the file and reads it. One that can't be used is moved aside, and `say` gets a sentence about it.
   *
   * @throws Error with a sentence, when another emulator has the file or the system won't let us read it
   */
  static async open(file: string, say: (sentence: string) => void): Promise<MemoryFile> {
    await mkdir(dirname(resolve(file)), { recursive: true, mode: 0o700 });
    const path = join(await realpath(dirname(resolve(file))), basename(file));
    const release = await claim(path);
    try {
      return new MemoryFile(path, await load(path, say), release, say);
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** From now on `take` gives the world to be written. */
  keep(take: () => SavedWorld): void {
    this.#take = take;
  }

  /** The world has changed: it is written soon, together with what changes until then. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#write();
    }, this.#delayMs).unref();
  }

  /** Writes the world a last time and gives the file back. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#write();
    await this.#release();
  }

  #write(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#replace());
    return this.#writing;
  }

  async #replace(): Promise<void> {
    if (this.#take === undefined) return;
    const startedAt = performance.now();
    try {
      const partial = `${this.#path}.partial`;
      await writeFile(partial, JSON.stringify(this.#take()), { mode: 0o600 });
      await rename(partial, this.#path);
      this.#hasComplained = false;
    } catch (error) {
      // The world goes on in memory; the next change tries again.
      if (!this.#hasComplained) this.#say(`The world can't be kept in ${this.#path}: ${(error as Error).message}`);
      this.#hasComplained = true;
    }
    this.#delayMs = Math.max(longestDelayMs, (performance.now() - startedAt) * writingShare);
  }
}

async function load(path: string, say: (sentence: string) => void): Promise<SavedWorld | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new Error(`The world in ${path} can't be read: ${(error as Error).message}`, { cause: error });
  }
  const read = understand(text);
  if ("world" in read) return read.world;
  const aside = `${path}.${new Date().toISOString().replaceAll(":", "-")}.aside`;
  await rename(path, aside);
  say(`${path} ${read.problem}. It was moved to ${aside}, and a new world begins.`);
  return null;
}

function understand(text: string): { world: SavedWorld } | { problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: "is torn or no JSON" };
  }
  const version = z.object({ version: z.number() }).safeParse(value).data?.version;
  if (version === undefined) return { problem: "holds no world of an emulator" };
  if (version !== savedVersion) return { problem: `was written in version ${version}, not ${savedVersion}` };
  const parsed = SavedWorld.safeParse(value);
  if (parsed.success) return { world: parsed.data };
  const [issue] = parsed.error.issues;
  return { problem: `is damaged at ${issue?.path.join(".") ?? "its root"} (${issue?.message ?? "unknown"})` };
}
