import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { demandBrowser } from "../browser.ts";
import { takeAll } from "./take.ts";

/*
 * `./zg shots`: pictures of every page of a console that runs, so that somebody can look at all of them in a minute.
 * The console may be `./zg start` or `./zg mock`.
 */

const root = resolve(import.meta.dirname, "../..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: "string", default: "http://127.0.0.1:8780" },
    login: { type: "string", default: "owner@lantern-tea.example" },
    password: { type: "string", default: "lantern-tea-2026" },
  },
});
const isThere = await fetch(values.url).then(
  ({ ok }) => ok,
  () => false,
);
if (!isThere) {
  process.stderr.write(
    `Nothing answers at ${values.url}: run ./zg start or ./zg mock first, or say where with --url.\n`,
  );
  process.exit(1);
}
const folder = join(process.env["ZG_PICTURES"] ?? join(root, ".zg/pictures"), "shots");
const browser = await chromium.launch({ executablePath: demandBrowser(), args: ["--no-sandbox", "--disable-quic"] });
try {
  const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`);
  const shots = await takeAll(browser, { ...values, only: positionals, folder, say });
  say(`${shots.length} pictures: ${join(folder, "index.html")}`);
} finally {
  await browser.close();
}
