import { ApiProblem } from "@zhanggui/kit/contract/problem";

/** One that ended. */
export interface Sample {
  readonly tookMs: number;
  /** What went wrong; undefined if nothing did. */
  readonly error?: string;
}
export interface Outcome {
  readonly samples: readonly Sample[];
  /** Weren't begun, since too many were under way. */
  readonly skipped: number;
  /** From the first begun to the last ended. */
  readonly tookMs: number;
  /** Why it ended before its time. */
  readonly stopped?: string;
}
export interface RunOptions {
  readonly rate: number;
  readonly durationMs: number;
  readonly rampMs: number;
  readonly atOnce: number;
  readonly signal: AbortSignal;
}

/** Looked at now and then: if most of the last ones failed, the target is unwell, and more would only harm. */
const lookAt = 50;
const unwell = 0.5;
const tickMs = 10;
/** What was begun may take so long after the end. */
const graceMs = 30_000;

/**
 * Begins `work` at a rate that rises to its height and stays there, whatever the answers take: a target that slows down
 * isn't spared by being slow. Ends by itself.
 */
export async function run(work: (signal: AbortSignal) => Promise<void>, options: RunOptions): Promise<Outcome> {
  const { durationMs, atOnce, signal } = options;
  const samples: Sample[] = [];
  const underWay = new Set<Promise<void>>();
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const startMs = performance.now();
  let [begun, skipped] = [0, 0];
  let stopped: string | undefined;
  const begin = (): void => {
    const fromMs = performance.now();
    const one = work(both)
      .then(
        () => samples.push({ tookMs: performance.now() - fromMs }),
        (error: unknown) => samples.push({ tookMs: performance.now() - fromMs, error: kindOf(error) }),
      )
      .then(() => void underWay.delete(one));
    underWay.add(one);
  };
  for (let nowMs = 0; nowMs < durationMs && stopped === undefined; nowMs = performance.now() - startMs) {
    if (signal.aborted) {
      stopped = "interrupted";
      break;
    }
    for (const due = dueBy(nowMs, options); begun + skipped < due;) {
      if (underWay.size >= atOnce) skipped += 1;
      else {
        begun += 1;
        begin();
      }
    }
    if (isUnwell(samples)) stopped = `more than half of the last ${lookAt} failed`;
    await new Promise((done) => setTimeout(done, tickMs));
  }
  const grace = setTimeout(() => over.abort(new Error("no answer in time")), stopped === undefined ? graceMs : 1_000);
  await Promise.all(underWay);
  clearTimeout(grace);
  const tookMs = performance.now() - startMs;
  return { samples, skipped, tookMs, ...(stopped === undefined ? {} : { stopped }) };
}

/** How many are begun by then: the ramp is a triangle, what follows a rectangle. */
export function dueBy(nowMs: number, { rate, rampMs }: Pick<RunOptions, "rate" | "rampMs">): number {
  const inRampMs = Math.min(nowMs, rampMs);
  const ramped = rampMs === 0 ? 0 : (rate * inRampMs * inRampMs) / (2 * rampMs);
  return Math.floor((ramped + rate * (nowMs - inRampMs)) / 1000);
}

function isUnwell(samples: readonly Sample[]): boolean {
  const last = samples.slice(-lookAt);
  return last.length === lookAt && last.filter(({ error }) => error !== undefined).length > lookAt * unwell;
}

/** What went wrong in a word or two, so that the same is counted together. */
function kindOf(error: unknown): string {
  if (error instanceof ApiProblem) return `${error.problem.status} ${error.code}`;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && "code" in cause) return String(cause.code);
  return error instanceof Error ? error.message.slice(0, 80) : "unknown";
}
