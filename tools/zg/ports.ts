import { createServer } from "node:net";
import { Problem } from "./problem.ts";

export interface Ports {
  server: number;
  emulator: number;
  mail: number;
}

export function portsFrom(first: number): Ports {
  return { server: first, emulator: first + 1, mail: first + 2 };
}

/** Throws a Problem when another program listens on one of the ports. */
export async function demandFree(ports: Ports): Promise<void> {
  for (const [use, port] of Object.entries(ports)) {
    const reason = await whyUnusable(port);
    if (reason !== undefined) throw new Problem(takenSentence(use, port, ports.server, reason));
  }
}

/** What is wrong with the port, and what to do. `first` is the port that was asked for. */
export function takenSentence(use: string, port: number, first: number, reason: string): string {
  const what = reason === "EACCES" ? "may not be used by this user" : "is taken by another program";
  const other = first < 60_000 ? first + 100 : 8780;
  return (
    `Port ${port} (${use}) ${what}. Choose others: ./zg start --port ${other}. ` +
    "If it is an earlier start of this checkout: ./zg stop."
  );
}

async function whyUnusable(port: number): Promise<string | undefined> {
  const probe = createServer();
  try {
    await new Promise<void>((done, fail) => probe.once("error", fail).listen(port, "127.0.0.1", done));
    await new Promise((done) => probe.close(done));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "unknown";
  }
}
