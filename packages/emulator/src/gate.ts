/** Lets at most `width` works run at a time; the others wait in line. */
export class Gate {
  private readonly width: number;
  private running = 0;
  private readonly line: (() => void)[] = [];

  constructor(width: number) {
    this.width = width;
  }

  /** Runs `work` when there is room and returns what it returns. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.width) await new Promise<void>((resolve) => this.line.push(resolve));
    else this.running += 1;
    try {
      return await work();
    } finally {
      // The room passes on to the next in line; only without one does it become free.
      const next = this.line.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }
}
