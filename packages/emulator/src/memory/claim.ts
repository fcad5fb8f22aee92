import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Holds `file` for this process until the returned function is called, or the process ends in whatever way: the claim
 * is a socket of this machine, which its system closes, so that no claim outlives its holder.
 *
 * @param file a whole path; two names of one file are two files
 * @throws Error with a sentence, when another emulator holds it
 */
export async function claim(file: string): Promise<() => Promise<void>> {
  const address = addressOf(file);
  for (let attempt = 1; ; attempt += 1) {
    const server = createServer((socket) => socket.on("error", () => undefined).end(String(process.pid)));
    try {
      await listen(server, address);
      server.unref();
      return () => new Promise((done) => server.close(() => done()));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      const holder = await askHolder(address);
      if (holder !== null || attempt > 1) {
        const who = holder === null ? "another emulator" : `another emulator (process ${holder})`;
        throw new Error(`${file} belongs to ${who} that runs now. Stop that one, or choose another file.`);
      }
      // Where a socket is a file, a killed process leaves it behind, and nobody listens.
      await rm(address, { force: true });
    }
  }
}

function addressOf(file: string): string {
  const name = `zhanggui-emulator-${createHash("sha256").update(file).digest("hex").slice(0, 24)}`;
  // Linux: a name without a file (unix(7), abstract); Windows: a pipe; both vanish with their process.
  if (process.platform === "linux") return `\0${name}`;
  return process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(address, done);
  });
}

/** The process id of whoever listens at `address`; null when nobody does. */
function askHolder(address: string): Promise<string | null> {
  return new Promise((done) => {
    let answer = "";
    const socket = connect(address);
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    socket.on("error", () => done(null));
    socket.on("close", () => done(answer === "" ? null : answer));
  });
}
