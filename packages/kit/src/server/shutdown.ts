import { constants } from "node:os";
import type { Lifecycle } from "./lifecycle.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export interface ShutdownOptions {
  readonly log: Logger;
  readonly lifecycle: Lifecycle;
  /** How long to go on answering after having said "not ready": until load balancers have noticed. */
  readonly unreadySeconds: number;
  /** How long what is under way may take after that. */
  readonly drainSeconds: number;
  /** Stops taking requests and work, and finishes what is under way. `deadline` aborts when its time is over. */
  readonly drain: (deadline: AbortSignal) => Promise<void>;
  /** Ends the process. */
  readonly exit: (code: number) => void;
}

/**
 * The way a process ends: not ready, a pause for load balancers, no new requests, what is under way to a deadline, exit
 * code 0; 1 if something had to be cut off or failed. Asked a second time it ends at once.
 *
 * @returns what to call for each signal
 */
export function gracefulShutdown(options: ShutdownOptions): (signal: NodeJS.Signals) => void {
  let asked = false;
  return (signal) => {
    // As a shell counts: 128 and the signal's number.
    if (asked) return options.exit(128 + constants.signals[signal]);
    asked = true;
    options.log.info({ signal }, "stopping");
    void end(options).then(options.exit);
    return undefined;
  };
}

async function end({ log, lifecycle, unreadySeconds, drainSeconds, drain }: ShutdownOptions): Promise<number> {
  lifecycle.beginStop();
  if (unreadySeconds > 0) await new Promise((done) => setTimeout(done, unreadySeconds * 1000));
  const deadline = new AbortController();
  const missed = Promise.withResolvers<number>();
  const timer = setTimeout(() => {
    log.error({ drainSeconds }, "the deadline is over: what is still under way is cut off");
    deadline.abort(new Error("the server's deadline for stopping is over"));
    missed.resolve(1);
  }, drainSeconds * 1000);
  const drained = drain(deadline.signal).then(
    () => 0,
    (error: unknown) => {
      log.error({ err: error }, "stopping failed");
      return 1;
    },
  );
  const code = await Promise.race([drained, missed.promise]);
  clearTimeout(timer);
  if (code === 0) log.info("stopped");
  return code;
}

export interface GuardOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** What to do when nothing can be relied on any more. */
  readonly onBroken: () => void;
}

/**
 * A promise that nobody awaited fails one piece of work, not the process that holds a thousand others: it is logged and
 * counted. An exception that nobody caught may have left anything half done: the process says so, and ends.
 */
export function guardProcess({ log, metrics, onBroken }: GuardOptions): void {
  const rejections = metrics.counter({
    name: "zg_unhandled_rejections_total",
    help: "Failures that no code awaited: each is a mistake in the program",
  });
  process.on("unhandledRejection", (reason: unknown) => {
    rejections.add({});
    log.error({ err: reason instanceof Error ? reason : new Error(String(reason)) }, "unhandled rejection");
  });
  process.on("uncaughtException", (error: unknown) => {
    log.fatal({ err: error instanceof Error ? error : new Error(String(error)) }, "uncaught exception");
    onBroken();
  });
}
