import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { State } from "../world/state.ts";
import { Trouble } from "../world/trouble.ts";
import { restoreFile, UnusableFile, writeWorld } from "./layout.ts";

export interface Snapshot {
  name: string;
  /** When it was taken (milliseconds), by this machine's clock. */
  at: number;
  bytes: number;
}

const ending = ".world.json";

/** Worlds that were put aside under a name, a file each, as the state file is. */
export class Snapshots {
  readonly #state: State;
  readonly #given: string | null;
  #own: string | null = null;

  /** @param folder null: one that is gone when the emulator stops */
  constructor(state: State, folder: string | null) {
    this.#state = state;
    this.#given = folder;
  }

  async list(): Promise<Snapshot[]> {
    const folder = this.#given ?? this.#own;
    const names = folder === null ? [] : await readdir(folder).catch(() => []);
    const found = names.filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length));
    const told = await Promise.all(found.map(async (name) => this.#describe(join(folder ?? "", name + ending), name)));
    return told.toSorted((one, other) => one.at - other.at || one.name.localeCompare(other.name));
  }

  /** Keeps the world as it is now; one of the same name is replaced. */
  async take(name: string): Promise<Snapshot> {
    const path = join(await this.#folder(), name + ending);
    writeWorld(this.#state, path);
    return this.#describe(path, name);
  }

  /** Puts that world in the place of the one there is; one that can't be used changes nothing. @throws Trouble */
  async restore(name: string): Promise<Snapshot> {
    const path = await this.path(name);
    try {
      restoreFile(this.#state, path);
    } catch (error) {
      if (!(error instanceof UnusableFile)) throw error;
      throw new Trouble("unusable_snapshot", `The snapshot ${name} ${error.message}. Nothing was changed.`);
    }
    return this.#describe(path, name);
  }

  async remove(name: string): Promise<void> {
    await rm(await this.path(name));
  }

  /** Where it lies. @throws Trouble */
  async path(name: string): Promise<string> {
    const folder = this.#given ?? this.#own;
    const path = join(folder ?? "", name + ending);
    const isThere = folder !== null && (await stat(path).catch(() => null)) !== null;
    if (!isThere) throw new Trouble("no_such_snapshot", `There is no snapshot ${name}.`);
    return path;
  }

  /** Forgets those that had no folder of their own. */
  async close(): Promise<void> {
    if (this.#own !== null) await rm(this.#own, { recursive: true, force: true });
  }

  async #folder(): Promise<string> {
    if (this.#given === null) return (this.#own ??= await mkdtemp(join(tmpdir(), "zhanggui-emulator-")));
    await mkdir(this.#given, { recursive: true, mode: 0o700 });
    return this.#given;
  }

  async #describe(path: string, name: string): Promise<Snapshot> {
    const { mtimeMs, size } = await stat(path);
    return { name, at: Math.round(mtimeMs), bytes: size };
  }
}
