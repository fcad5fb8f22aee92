import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BytesOut } from "../../contract/body.ts";
import { notFound } from "../../contract/faults.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
};

/** What a browser asks for anew: a file of a few kilobytes, without a hash in its name. */
export interface PageFile {
  readonly body: BytesOut;
  readonly headers: { readonly "cache-control": string };
}

/**
 * The few files of a small page that a module serves by itself, from its folder `page`: plain HTML, CSS and JavaScript,
 * as they are. The build gathers them in `pages/<module>` beside the bundle. Read once, and only what is named here.
 */
export class PageFiles {
  readonly #folder: string;
  readonly #names: ReadonlySet<string>;
  readonly #read = new Map<string, Promise<string>>();

  /** @param url `import.meta.url` of the module's file that makes it */
  constructor(url: string, module: string, names: readonly string[]) {
    const here = dirname(fileURLToPath(url));
    const built = join(here, "pages", module);
    this.#folder = existsSync(built) ? built : join(here, "page");
    this.#names = new Set(names);
  }

  /** @throws Fault `kit.not_found` */
  async get(name: string): Promise<PageFile> {
    if (!this.#names.has(name)) throw notFound();
    const reading = this.#read.get(name) ?? readFile(join(this.#folder, name), "utf8");
    this.#read.set(name, reading);
    const contentType = types[extname(name)] ?? "application/octet-stream";
    return { body: { contentType, body: await reading }, headers: { "cache-control": "no-cache" } };
  }
}
