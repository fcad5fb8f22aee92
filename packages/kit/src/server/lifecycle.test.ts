import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { freePort } from "../../../../tools/postgres.ts";
import { cloneOfTemplate, type TestDatabase } from "../testing/database.ts";
import { Lifecycle } from "./lifecycle.ts";
import { createLog } from "./log.ts";
import { gracefulShutdown } from "./shutdown.ts";

let database: TestDatabase;
let lifecycle: Lifecycle;

beforeAll(async () => {
  database = await cloneOfTemplate(inject("clusterUrl"), []);
});
afterAll(() => database.drop());
afterEach(() => lifecycle.close());

test("ready while the database answers, on one connection however many ask", async () => {
  lifecycle = new Lifecycle(database.url);
  const answers = await Promise.all(Array.from({ length: 50 }, () => lifecycle.readiness()));
  expect(new Set(answers)).toEqual(new Set(["ready"]));
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  const own = `FROM pg_stat_activity WHERE application_name = 'zhanggui health' AND datname = current_database()`;
  expect((await admin.query(`SELECT count(*)::int AS n ${own}`)).rows).toEqual([{ n: 1 }]);
  // The connection breaks, the database doesn't.
  for (let round = 0; round < 20; round++) {
    await admin.query(`SELECT pg_terminate_backend(pid) ${own}`);
    expect(await lifecycle.readiness()).toBe("ready");
  }
  await admin.end();
});

test("not ready without a database, and ready again when it comes", async () => {
  const nowhere = new URL(database.url);
  nowhere.port = String(await freePort());
  lifecycle = new Lifecycle(nowhere.href);
  expect(await lifecycle.readiness()).toBe("no database");
});

test("a busy event loop isn't taken for a database that is gone", async () => {
  lifecycle = new Lifecycle(database.url, { timeoutMs: 250 });
  await expect.poll(() => lifecycle.readiness()).toBe("ready");
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  const connection = async (): Promise<unknown> =>
    (
      await admin.query(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'zhanggui health' AND datname = current_database()",
      )
    ).rows;
  const before = await connection();
  for (let round = 0; round < 6; round++) {
    const asked = lifecycle.readiness();
    // Lets the question go out, and the answer come in while nobody reads it.
    await new Promise((done) => setImmediate(done));
    const busyUntilMs = performance.now() + 400;
    while (performance.now() < busyUntilMs);
    expect(await asked).toBe("ready");
  }
  // Nor was the first answer given up, and a second one asked for on a new connection.
  expect(await connection()).toEqual(before);
  await admin.end();
});

interface Ending {
  readonly codes: number[];
  readonly order: string[];
  readonly signal: (name: NodeJS.Signals) => void;
  readonly drained: PromiseWithResolvers<void>;
  readonly deadline: () => AbortSignal | undefined;
}

function ending(seconds: { unready?: number; drain?: number }): Ending {
  lifecycle = new Lifecycle(database.url);
  const [codes, order, drained] = [[] as number[], [] as string[], Promise.withResolvers<void>()];
  let deadline: AbortSignal | undefined;
  lifecycle.stopping.addEventListener("abort", () => order.push("not ready"));
  const signal = gracefulShutdown({
    log: createLog("silent"),
    lifecycle,
    unreadySeconds: seconds.unready ?? 0,
    drainSeconds: seconds.drain ?? 60,
    drain: (given) => {
      order.push("drain");
      deadline = given;
      return drained.promise;
    },
    exit: (code) => void codes.push(code),
  });
  return { codes, order, signal, drained, deadline: () => deadline };
}

test("told to end it isn't ready, then drains, and exits with 0", async () => {
  const { codes, order, signal, drained } = ending({});
  signal("SIGTERM");
  expect(await lifecycle.readiness()).toBe("stopping");
  expect(codes).toEqual([]);
  drained.resolve();
  await expect.poll(() => codes).toEqual([0]);
  expect(order).toEqual(["not ready", "drain"]);
});

test("a missed deadline is told to what is under way, and is exit code 1", async () => {
  const { codes, signal, deadline } = ending({ drain: 0.02 });
  signal("SIGTERM");
  await expect.poll(() => codes).toEqual([1]);
  expect(deadline()?.aborted).toBe(true);
});

test("a failure while draining is exit code 1", async () => {
  const { codes, signal, drained } = ending({});
  signal("SIGINT");
  drained.reject(new Error("the queue is stuck"));
  await expect.poll(() => codes).toEqual([1]);
});

test("the second signal ends at once, also while load balancers are waited for", () => {
  const { codes, order, signal } = ending({ unready: 3600 });
  signal("SIGTERM");
  expect(codes).toEqual([]);
  signal("SIGTERM");
  signal("SIGINT");
  expect(codes).toEqual([143, 130]);
  expect(order).toEqual(["not ready"]);
});
