import { existsSync } from "node:fs";
import { findBrowser } from "../browser.ts";
import { capture, retry, run } from "./commands.ts";
import type { Progress } from "./progress.ts";

const packages = ["chromium", "fonts-wqy-microhei"];

/** A font with Chinese characters; without one the screenshots show boxes. */
const fontFolders = ["/usr/share/fonts/truetype/wqy", "/System/Library/Fonts"];

/**
 * Makes sure of a browser and a Chinese font for the journeys. As root on Debian they are installed; else it says how,
 * and the journeys will fail with the same sentence.
 */
export async function installBrowser(progress: Progress): Promise<void> {
  if (isComplete()) return;
  const apt = await capture("apt-get", ["--version"]).catch(() => undefined);
  if (process.getuid?.() !== 0 || apt?.code !== 0) {
    const found = findBrowser();
    progress.say(found.path === undefined ? `! ${found.sentence}` : `! ${fontSentence}`);
    return;
  }
  await progress.step("browser", async (remark) => {
    remark(packages.join(", "));
    const environment = { DEBIAN_FRONTEND: "noninteractive" };
    await retry(3, async () => {
      await run("apt-get", ["update", "-qq"], environment);
      await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], environment);
    });
  });
}

const fontSentence = "No font with Chinese characters: sudo apt-get install fonts-wqy-microhei";

export function isComplete(): boolean {
  return findBrowser().path !== undefined && fontFolders.some((folder) => existsSync(folder));
}
