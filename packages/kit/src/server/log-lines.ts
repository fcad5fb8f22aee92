import { standardOutput } from "./log-output.ts";

/** Keeps lines aside. `take` is told of each as it is written and must cost next to nothing. */
export interface LineKeeper {
  take(line: string): void;
  /** Writes down what waits. */
  stop(): Promise<void>;
}

/**
 * Where the log goes: to standard output, and to whoever keeps lines aside, once there is somebody. What such a keeper
 * logs itself isn't kept, or a failure to keep lines would make ever more of them.
 */
export class LogLines {
  readonly #out: { write(line: string): unknown };
  #keeper: LineKeeper | undefined;
  #isMuted = false;

  /** @param out left out, standard output */
  constructor(out: { write(line: string): unknown } = standardOutput()) {
    this.#out = out;
  }

  write(line: string): void {
    this.#out.write(line);
    if (!this.#isMuted) this.#keeper?.take(line);
  }

  keep(keeper: LineKeeper): void {
    this.#keeper = keeper;
  }

  /** Runs `say`, whose lines go to standard output alone. */
  unkept(say: () => void): void {
    this.#isMuted = true;
    try {
      say();
    } finally {
      this.#isMuted = false;
    }
  }

  async stop(): Promise<void> {
    const keeper = this.#keeper;
    this.#keeper = undefined;
    await keeper?.stop();
  }
}
