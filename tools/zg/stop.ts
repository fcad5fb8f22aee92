import { setTimeout as pause } from "node:timers/promises";
import { lockHolder } from "../lock.ts";
import { stopEmbedded } from "./database.ts";
import { Problem } from "./problem.ts";
import type { Progress } from "./progress.ts";
import { signal } from "./records.ts";
import { endLeftServices } from "./services.ts";
import { startLock } from "./start.ts";

/** How long a running start may take to end its parts. */
const patienceMs = 40_000;

/** Ends the start that runs from this checkout, or what a killed one left behind. */
export async function stop(progress: Progress): Promise<void> {
  const holder = await lockHolder(startLock);
  if (holder !== undefined) {
    signal(holder, "SIGTERM", false);
    const deadline = Date.now() + patienceMs;
    while ((await lockHolder(startLock)) === holder) {
      if (Date.now() > deadline)
        throw new Problem(`Process ${holder} does not end: kill -9 ${holder}, then ./zg stop.`);
      await pause(50);
    }
  }
  const ended = await endLeftServices();
  if (await stopEmbedded()) ended.push("database");
  if (holder !== undefined) progress.say(`Stopped process ${holder}.`);
  else progress.say(ended.length === 0 ? "Nothing was running." : `Ended what was left: ${ended.join(", ")}.`);
}
