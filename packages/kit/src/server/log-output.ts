import { constants, fstatSync, openSync, writeSync } from "node:fs";
import { destination } from "pino";

/** What may wait for whoever reads standard output: some seconds of a busy server. */
const mostWaitingBytes = 8 * 1024 * 1024;
const tryAgainMs = 5;
/** So long a process that ends waits for what it has still to say. */
const lastWordsMs = 1_000;

/** Writes some bytes without waiting; how many, which may be none. @throws Error for an output that is gone */
export type TryWrite = (bytes: Buffer) => number;

export interface OutputOptions {
  readonly mostBytes?: number;
  /** When lines were dropped and it flows again: the line that says so. */
  readonly told: (dropped: number) => string;
}

/**
 * Lines to whoever reads them, who may stop to: then lines wait, up to a limit; what comes beyond is dropped and
 * counted, and said when it flows again. Nothing that the process does ever waits for it.
 */
export class BoundedOutput {
  readonly #tryWrite: TryWrite;
  readonly #mostBytes: number;
  readonly #told: OutputOptions["told"];
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #isGone = false;

  constructor(tryWrite: TryWrite, { mostBytes = mostWaitingBytes, told }: OutputOptions) {
    this.#tryWrite = tryWrite;
    this.#mostBytes = mostBytes;
    this.#told = told;
  }

  write(line: string): void {
    if (this.#isGone) return;
    const bytes = Buffer.from(line);
    // A line of before that begun to be written is ended, whatever comes.
    if (this.#waitingBytes + bytes.length > this.#mostBytes && this.#waiting.length > 0) this.#dropped += 1;
    else this.#add(bytes);
    if (this.#timer === undefined) this.#pump();
  }

  /** Waits, and holds up everything, until all is written or the time is over: for a process that ends. */
  flush(ms = lastWordsMs): void {
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    for (let left = ms; left > 0 && this.#waiting.length > 0; left -= tryAgainMs) {
      this.#pump();
      if (this.#waiting.length > 0) Atomics.wait(sleeper, 0, 0, tryAgainMs);
    }
  }

  #add(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  /** Writes as much as is taken now, and comes back for the rest. */
  #pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      while (this.#write()) this.#sayDropped();
    } catch {
      // Whoever read it has gone, and nobody can be told.
      this.#isGone = true;
      this.#waiting.length = this.#waitingBytes = 0;
      return;
    }
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#pump(), tryAgainMs).unref();
  }

  /** Writes of the first that waits; whether there is room for more. */
  #write(): boolean {
    const [first] = this.#waiting;
    if (first === undefined) return false;
    const written = this.#tryWrite(first);
    this.#waitingBytes -= written;
    if (written < first.length) this.#waiting[0] = first.subarray(written);
    else this.#waiting.shift();
    return written > 0;
  }

  /** Behind what waited, where the gap is: once half of it is through. */
  #sayDropped(): void {
    if (this.#dropped === 0 || this.#waitingBytes > this.#mostBytes / 2) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#add(Buffer.from(this.#told(dropped)));
  }
}

/** As the log has it: a warning (40), at a moment of this machine's clock. */
function told(dropped: number): string {
  const message = "lines of the log were dropped: nobody read standard output";
  return `${JSON.stringify({ level: 40, time: Date.now(), dropped, message })}\n`;
}

/**
 * Standard output. A file or a terminal takes lines at once. A pipe, or the socket of a journal, is written to without
 * waiting: whoever should read it may hang.
 */
export function standardOutput(): { write(line: string): unknown } {
  const kind = fstatSync(1);
  const tryWrite = kind.isFIFO() ? ofPipe() : kind.isSocket() ? ofSocket() : undefined;
  if (tryWrite === undefined) return destination({ dest: 1, sync: true });
  const output = new BoundedOutput(tryWrite, { told });
  process.on("exit", () => output.flush());
  return output;
}

/** Undefined where the system opens no pipe anew. */
function ofPipe(): TryWrite | undefined {
  try {
    // Opened anew, so that nobody else's end of it, which waits, is changed.
    const fd = openSync("/dev/fd/1", constants.O_WRONLY | constants.O_NONBLOCK);
    return (bytes) => {
      try {
        return writeSync(fd, bytes);
      } catch (error) {
        if (isFull(error)) return 0;
        throw error;
      }
    };
  } catch {
    return undefined;
  }
}

/** What the stream has not handed over yet counts as waiting: it takes the next only when it has none. */
function ofSocket(): TryWrite {
  const { stdout } = process;
  stdout.on("error", () => {});
  return (bytes) => {
    if (stdout.destroyed) throw new Error("standard output is closed");
    if (stdout.writableLength > 0) return 0;
    stdout.write(bytes);
    return bytes.length;
  };
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}
