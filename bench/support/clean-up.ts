type CleanUp = () => Promise<unknown>;

const pending: CleanUp[] = [];
let cleaning: Promise<void> | undefined;

/** Runs at the end of `measured`, the last first, also after an error or Ctrl-C. */
export function onShutdown(work: CleanUp): void {
  pending.push(work);
}

/** Runs what was promised so far. Whoever asks meanwhile waits for the same. */
export function cleanUp(): Promise<void> {
  cleaning ??= drain().finally(() => {
    cleaning = undefined;
  });
  return cleaning;
}

async function drain(): Promise<void> {
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    await next().catch((error: unknown) => console.error(error));
  }
}

/** Runs a measurement, and leaves no process and no folder behind. */
export async function measured(work: () => Promise<void>): Promise<void> {
  let interrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      interrupted = true;
      void cleanUp().then(() => process.exit(130));
    });
  }
  try {
    await work();
  } catch (error) {
    // What was taken away under it is no news.
    if (!interrupted) throw error;
  } finally {
    await cleanUp();
  }
}
