import { flushCompileCache } from "node:module";
import { event } from "@zhanggui/kit/contract/event";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { kitTransaction, type TxCtx } from "@zhanggui/kit/server/ctx";
import { openDatabase } from "@zhanggui/kit/server/database";
import { readEnv } from "@zhanggui/kit/server/env";
import type { EventMeta } from "@zhanggui/kit/server/events";
import { createLog } from "@zhanggui/kit/server/log";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { z } from "zod";

const Sip = z.object({ n: z.int(), pot: z.string() });
export const plainSip = event("tea.sip.v1", Sip);
export const keyedSip = event("tea.ordered_sip.v1", Sip, { key: ({ pot }) => pot });

/** Each handler leaves a row: what was done twice is there twice, and `at` tells the order. */
export const effectColumns = `at bigint GENERATED ALWAYS AS IDENTITY, event_id uuid NOT NULL, keyed boolean NOT NULL, pot text NOT NULL, n integer NOT NULL`;

/** A process's runtime with both handlers. */
export function openWorker(databaseUrl: string): Runtime {
  const env = readEnv({
    DATABASE_URL: databaseUrl,
    SECRET_KEY: Buffer.alloc(32, 7).toString("base64"),
    JWT_SECRET: "only-for-tests-only-for-tests-only-for-tests",
  });
  const runtime = new Runtime({
    env,
    clock: new TurnableClock(),
    log: createLog("error"),
    database: openDatabase(databaseUrl, { max: 12 }),
  });
  const drink =
    (keyed: boolean) =>
    async (ctx: TxCtx, { pot, n }: z.infer<typeof Sip>, { eventId }: EventMeta) => {
      const text = "INSERT INTO tea_effect (event_id, keyed, pot, n) VALUES ($1, $2, $3, $4)";
      await kitTransaction(ctx).query(text, [eventId, keyed, pot, n]);
    };
  // What a killed process held is free again soon.
  const options = { leaseMs: 1000 };
  runtime.on(plainSip, "tea.drink", drink(false), options);
  runtime.on(keyedSip, "tea.drink_in_order", drink(true), options);
  return runtime;
}

if (import.meta.main) {
  const runtime = openWorker(process.env["DATABASE_URL"] ?? "");
  await runtime.start({ work: true });
  // Whoever is killed keeps nothing for the next one.
  flushCompileCache();
  process.stdout.write("ready\n");
}
