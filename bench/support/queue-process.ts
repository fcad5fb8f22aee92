import { fork } from "node:child_process";
import { once } from "node:events";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { openDatabase } from "@zhanggui/kit/server/database";
import { readEnv } from "@zhanggui/kit/server/env";
import { createLog } from "@zhanggui/kit/server/log";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { statementsSent } from "./statements.ts";
import { plainSip } from "./tea.ts";

/** `handled`: when a handler began with an event, by the clock that all processes of a machine share. */
export type Report =
  | { readonly kind: "ready" }
  | { readonly kind: "handled"; readonly eventId: string; readonly atMs: number }
  | { readonly kind: "statements"; readonly count: number };

export interface QueueProcess {
  /** How many statements it has sent. */
  statements(): Promise<number>;
  end(): Promise<void>;
}

/** Milliseconds by a clock that is the same in each process. */
export function sharedClockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A worker in a process of its own. */
export async function startQueueProcess(
  databaseUrl: string,
  handled: (eventId: string, atMs: number) => void,
): Promise<QueueProcess> {
  const child = fork(import.meta.filename, { env: { ...process.env, DATABASE_URL: databaseUrl } });
  const ready = Promise.withResolvers<void>();
  let answer = Promise.withResolvers<number>();
  child.once("exit", (code) => ready.reject(new Error(`the worker ended with ${code}`)));
  child.on("message", (report: Report) => {
    if (report.kind === "ready") ready.resolve();
    else if (report.kind === "handled") handled(report.eventId, report.atMs);
    else answer.resolve(report.count);
  });
  await ready.promise;
  return {
    statements: () => {
      answer = Promise.withResolvers<number>();
      child.send("statements");
      return answer.promise;
    },
    end: async () => {
      const gone = once(child, "exit");
      child.send("end");
      await gone;
    },
  };
}

async function work(databaseUrl: string): Promise<void> {
  const env = readEnv({
    DATABASE_URL: databaseUrl,
    SECRET_KEY: Buffer.alloc(32, 7).toString("base64"),
    JWT_SECRET: "only-for-measurements-only-for-measurements",
  });
  const database = openDatabase(databaseUrl);
  const runtime = new Runtime({ env, clock: new TurnableClock(), log: createLog("error"), database });
  const report = (what: Report): void => void process.send?.(what);
  statementsSent();
  runtime.on(plainSip, "tea.drink", async (ctx, { n }, { eventId }) => {
    report({ kind: "handled", eventId, atMs: sharedClockMs() });
    await ctx.sql`INSERT INTO tea_effect (event_id, n) VALUES (${eventId}, ${n})`;
  });
  process.on("message", (asked) => {
    if (asked === "statements") report({ kind: "statements", count: statementsSent() });
    else void runtime.stop().then(() => process.exit(0));
  });
  await runtime.start({ work: true });
  report({ kind: "ready" });
}

if (import.meta.main) await work(process.env["DATABASE_URL"] ?? "");
