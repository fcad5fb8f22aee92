import { type Browser, chromium } from "playwright-core";
import { demandBrowser } from "../../../tools/browser.ts";

/** Nothing that calls home, and no sandbox, which a container's root can't have. */
const flags = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
let browser: Browser | undefined;

/**
 * The browser of this process: its journeys play one after the other, and each opens windows of its own. It ends with
 * the process.
 */
export async function openBrowser(): Promise<Browser> {
  if (browser?.isConnected() !== true) {
    // In a machine's locale without UTF-8 a file with a Chinese name is saved as "download".
    const env = { ...process.env, LC_ALL: "C.UTF-8" };
    browser = await chromium.launch({ executablePath: demandBrowser(), args: flags, env });
  }
  return browser;
}

/** Closes what a journey has left open. */
export async function closeWindows(): Promise<void> {
  await Promise.all((browser?.contexts() ?? []).map((context) => context.close()));
}
