import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian's and Ubuntu's names, Google's on Linux. */
const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const applications = [
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

export type FoundBrowser = { path: string } | { path: undefined; sentence: string };

/** The machine's Chromium (CHROMIUM_PATH first), or the sentence that says how to get one. */
export function findBrowser(): FoundBrowser {
  const given = process.env["CHROMIUM_PATH"];
  const onPath = (process.env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)));
  const path = [...(given ? [given] : []), ...onPath, ...applications].find((candidate) => existsSync(candidate));
  if (path !== undefined) return { path };
  return {
    path: undefined,
    sentence:
      "The journeys need Chromium and a Chinese font: sudo apt-get install chromium fonts-wqy-microhei " +
      "(elsewhere: install Chromium or Chrome, or set CHROMIUM_PATH).",
  };
}

/** The browser's path for a test; throws the sentence when there is none. */
export function demandBrowser(): string {
  const found = findBrowser();
  if (found.path === undefined) throw new Error(found.sentence);
  return found.path;
}
