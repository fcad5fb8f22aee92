import { expect, test } from "vitest";
import { Inbox } from "./inbox.ts";
import { createLog } from "./log.ts";

const log = createLog("silent");

test("a nudge that comes while a loop is looking is not lost", async () => {
  let waiting = 0;
  let done = 0;
  const finished = Promise.withResolvers<void>();
  const inbox = new Inbox(
    "teas",
    async () => {
      if (waiting === 0) {
        // Work arrives, and says so, between the look and the sleep.
        if (done === 0) {
          waiting = 1;
          inbox.nudge();
        }
        return false;
      }
      waiting -= 1;
      done += 1;
      finished.resolve();
      return true;
    },
    { concurrency: 1, pollMs: 60_000 },
    log,
  );
  inbox.start();
  await finished.promise;
  await inbox.stop();
  expect(done).toBe(1);
});

test("a failure does not end the loop", async () => {
  let calls = 0;
  const again = Promise.withResolvers<void>();
  const inbox = new Inbox(
    "teas",
    async () => {
      calls += 1;
      if (calls === 1) throw new Error("the database is away");
      again.resolve();
      return false;
    },
    { concurrency: 1, pollMs: 1 },
    log,
  );
  inbox.start();
  await again.promise;
  await inbox.stop();
  expect(calls).toBeGreaterThan(1);
});
