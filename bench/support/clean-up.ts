type CleanUp = () => Promise<unknown>;

const pending: CleanUp[] = [];

/** Runs at the end of `measured`, the last first, also after an error or Ctrl-C. */
export function atEnd(cleanUp: CleanUp): void {
  pending.push(cleanUp);
}

/** Runs what was promised so far. */
export async function cleanUp(): Promise<void> {
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    await next().catch((error: unknown) => console.error(error));
  }
}

/** Runs a measurement, and leaves no process and no folder behind. */
export async function measured(work: () => Promise<void>): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void cleanUp().then(() => process.exit(130)));
  }
  try {
    await work();
  } finally {
    await cleanUp();
  }
}
