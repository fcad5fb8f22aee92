import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { demandBrowser } from "../../tools/browser.ts";
import { onShutdown } from "./clean-up.ts";

/** Nothing that calls home, and no sandbox, which a container's root can't have. */
const flags =
  "--no-sandbox --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

/** Chromium, to be attached to at `port` as well. */
export async function openBrowser(port: number): Promise<Browser> {
  const executablePath = demandBrowser();
  const browser = await chromium.launch({
    executablePath,
    args: [...flags.split(" "), `--remote-debugging-port=${port}`],
  });
  onShutdown(() => browser.close());
  return browser;
}

/** A window that has seen nothing yet, and counts what comes over the wire. */
export interface ColdWindow {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Bytes of answers so far, headers included, and how many there were. */
  received(): { readonly bytes: number; readonly requests: number };
  /** When the largest thing was painted, in milliseconds after the page was asked for. */
  largestPaintMs(): Promise<number>;
  close(): Promise<void>;
}

/** @param slowDown how many times slower the processor is made to look */
export async function openColdWindow(browser: Browser, baseURL: string, slowDown = 1): Promise<ColdWindow> {
  const context = await browser.newContext({ baseURL, locale: "zh-CN", viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const protocol = await context.newCDPSession(page);
  let bytes = 0;
  let requests = 0;
  protocol.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
    requests += 1;
  });
  await protocol.send("Network.enable");
  if (slowDown > 1) await protocol.send("Emulation.setCPUThrottlingRate", { rate: slowDown });
  return {
    context,
    page,
    received: () => ({ bytes, requests }),
    largestPaintMs: () => page.evaluate<number>(largestPaint),
    close: () => context.close(),
  };
}

/** Runs in the page. As text: Node's types don't know this kind of entry. */
const largestPaint = `new Promise((resolve) => {
  const tell = (list) => resolve(list.getEntries().at(-1)?.startTime ?? 0);
  new PerformanceObserver(tell).observe({ type: "largest-contentful-paint", buffered: true });
})`;
