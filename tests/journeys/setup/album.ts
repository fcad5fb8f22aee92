import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Page } from "playwright-core";

const root = resolve(import.meta.dirname, "../../..");

/** The pictures of one journey, numbered in the order in which they were taken. */
export class Album {
  readonly folder: string;
  #taken = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * An empty album at `<pictures>/journeys/<journey>`, where `<pictures>` is ZG_PICTURES or `.zg/pictures`. What an
   * earlier run left there goes, so that no picture is taken for this run's.
   */
  static async open(journey: string): Promise<Album> {
    const album = new Album(join(process.env["ZG_PICTURES"] ?? join(root, ".zg/pictures"), "journeys", journey));
    await rm(album.folder, { recursive: true, force: true });
    await mkdir(album.folder, { recursive: true });
    return album;
  }

  /** Keeps what `page` shows as `NN-name.png`; the path. Waits for fonts and for movement to end. */
  async take(page: Page, name: string): Promise<string> {
    const path = join(this.folder, `${String(++this.#taken).padStart(2, "0")}-${name}.png`);
    await page.screenshot({ path, animations: "disabled" });
    return path;
  }
}
