import { mkdir, realpath, rename } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import type { State } from "../world/state.ts";
import { claim } from "./claim.ts";
import { restoreFile, UnusableFile, writeWorld } from "./layout.ts";

/** A change is on disk at most this much later, unless writing the world takes longer than a tenth of it. */
const longestDelayMs = 200;
/** Writing takes at most one part in so many of the time, however large the world. */
const writingShare = 10;

/**
 * The file a world lives in between runs: mode 0600, for it holds secrets; replaced whole, so that a reader or a crash
 * finds the old world or the new one. One emulator at a time may have it.
 */
export class MemoryFile {
  readonly #path: string;
  readonly #release: () => Promise<void>;
  readonly #say: (sentence: string) => void;
  #state: State | undefined;
  #timer: NodeJS.Timeout | undefined;
  #delayMs = longestDelayMs;
  #hasComplained = false;

  private constructor(path: string, release: () => Promise<void>, say: (sentence: string) => void) {
    this.#path = path;
    this.#release = release;
    this.#say = say;
  }

  /**
   * Takes the file. `say` gets a sentence about what can't be read or written.
   *
   * @throws Error with a sentence, when another emulator has the file
   */
  static async open(file: string, say: (sentence: string) => void): Promise<MemoryFile> {
    await mkdir(dirname(resolve(file)), { recursive: true, mode: 0o700 });
    const path = join(await realpath(dirname(resolve(file))), basename(file));
    return new MemoryFile(path, await claim(path), say);
  }

  /**
   * Puts the world of the file into `state`, if there is one. A file that can't be used is moved aside, and said so.
   *
   * @throws Error with a sentence, when the system won't let us read it
   */
  async load(state: State): Promise<void> {
    try {
      restoreFile(state, this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      if (!(error instanceof UnusableFile))
        throw new Error(`The world in ${this.#path} can't be read: ${(error as Error).message}`, { cause: error });
      const aside = `${this.#path}.${new Date().toISOString().replaceAll(":", "-")}.aside`;
      await rename(this.#path, aside);
      this.#say(`${this.#path} ${error.message}. It was moved to ${aside}, and a new world begins.`);
    }
  }

  /** From now on the world of `state` is written. */
  keep(state: State): void {
    this.#state = state;
    state.happenings.on("happening", () => this.#changed());
    this.#changed();
  }

  /** The world has changed: it is written soon, together with what changes until then. */
  #changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#write();
    }, this.#delayMs).unref();
  }

  /** Writes the world a last time and gives the file back. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#write();
    await this.#release();
  }

  #write(): void {
    if (this.#state === undefined) return;
    const startedAt = performance.now();
    try {
      writeWorld(this.#state, this.#path);
      this.#hasComplained = false;
    } catch (error) {
      // The world goes on in memory; the next change tries again.
      if (!this.#hasComplained) this.#say(`The world can't be kept in ${this.#path}: ${(error as Error).message}`);
      this.#hasComplained = true;
    }
    this.#delayMs = Math.max(longestDelayMs, (performance.now() - startedAt) * writingShare);
  }
}
