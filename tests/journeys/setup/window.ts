import type { Browser, BrowserContextOptions, Page, Request } from "playwright-core";
import { patient } from "../../setup/patience.ts";

/** What the browser writes beside a failed answer, which is noted from the answer itself. */
const failedLoad = /^Failed to load resource/;
/** The page cancelled the request itself, because somebody moved on. */
const cancelled = "net::ERR_ABORTED";

/** A browser window that notes whatever its pages complain of. */
export interface Window {
  readonly page: Page;
  /**
   * In their order: errors on the console (what the content security policy refuses is one), exceptions, and requests
   * that failed or were answered with 400 and above.
   */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** Opens a window of its own, with its own cookies and storage, that speaks Chinese and waits 10 s at most. */
export async function openWindow(browser: Browser, options: BrowserContextOptions): Promise<Window> {
  const context = await browser.newContext({ locale: "zh-CN", timezoneId: "Asia/Shanghai", ...options });
  context.setDefaultTimeout(patient(10_000));
  const complaints: string[] = [];
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !failedLoad.test(message.text())) complaints.push(`console: ${message.text()}`);
  });
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "failed";
    if (reason !== cancelled) complaints.push(`${reason}: ${nameOf(request)}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()}: ${nameOf(response.request())}`);
  });
  return { page, complaints, close: () => context.close() };
}

function nameOf(request: Request): string {
  return `${request.method()} ${new URL(request.url()).pathname}`;
}
