import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { createLog } from "@zhanggui/kit/server/log";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { openTestServer, type Member, type TestServer } from "./testing/test-server.ts";

interface Line extends Record<string, unknown> {
  readonly message: string;
}

let server: TestServer;
let owner: Member;
let admin: pg.Client;
const lines: Line[] = [];
const poolSize = 4;

beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"), {
    log: createLog("debug", { write: (line) => lines.push(JSON.parse(line) as Line) }),
    env: { DATABASE_POOL_SIZE: String(poolSize) },
  });
  owner = await server.asOwner();
  admin = new pg.Client({ connectionString: server.databaseUrl });
  await admin.connect();
});
beforeEach(() => {
  lines.length = 0;
});
afterAll(async () => {
  await admin.end();
  await server.close();
});

/** How many statements of the server wait for a lock. */
async function waitingForLocks(): Promise<number> {
  const { rows } = await admin.query<{ n: number }>(
    "SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted AND relation = 'audience_person'::regclass",
  );
  return rows[0]?.n ?? 0;
}

/** The lines of requests, once as many are there as were made. */
async function requestLines(count: number): Promise<Line[]> {
  const found = (): Line[] => lines.filter(({ message }) => message.startsWith("request"));
  await expect.poll(() => found().length).toBe(count);
  return found();
}

interface Init extends Omit<RequestInit, "headers"> {
  readonly headers?: Record<string, string>;
}
const call = (path: string, init: Init = {}): Promise<Response> =>
  fetch(`${server.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${owner.accessToken}`, ...init.headers },
  });

describe("each request leaves one line", () => {
  test("an answered one, with who called", async () => {
    const response = await call("/api/me?token=t0ken");
    await response.text();
    const [line, ...others] = await requestLines(1);
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      message: "request",
      method: "GET",
      route: "access.me",
      path: "/api/me",
      status: 200,
      tenantId: owner.tenantId,
      caller: { kind: "account", id: owner.accountId },
      traceId: response.headers.get("x-trace-id"),
    });
    expect(line!["durationMs"]).toBeGreaterThan(0);
    expect(line!["bytes"]).toBeGreaterThan(Number(response.headers.get("content-length")));
    expect(JSON.stringify(lines)).not.toContain("t0ken");
  });

  test.each<[what: string, path: string, init: Init, expected: object]>([
    [
      "a visitor's",
      "/api/me",
      { headers: { authorization: "" } },
      { route: "access.me", status: 401, code: "kit.unauthenticated" },
    ],
    ["a wrong input", "/api/roles", { method: "POST" }, { status: 400, code: "kit.invalid_input" }],
    [
      "one too large",
      "/api/roles",
      { method: "POST", body: "x".repeat(600_000) },
      { status: 413, code: "kit.too_large" },
    ],
    ["an unknown address", "/api/nowhere", {}, { status: 404, code: "kit.not_found" }],
    ["what Fastify refuses before any hook", "/api/people/%E0%A4%A", {}, { status: 400, code: "kit.bad_request" }],
  ])("%s", async (_, path, init, expected) => {
    await (await call(path, init)).text();
    expect(await requestLines(1)).toEqual([expect.objectContaining({ message: "request", ...expected })]);
    expect(lines.length).toBe(1);
  });

  test("one that fails, with the error and its causes in the same line", async () => {
    await admin.query("ALTER TABLE access_role RENAME TO access_lost");
    const response = await call("/api/roles");
    await admin.query("ALTER TABLE access_lost RENAME TO access_role");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("access_role");
    const [line] = await requestLines(1);
    expect(line).toMatchObject({
      message: "request failed",
      status: 500,
      code: "kit.internal",
      err: { message: expect.stringContaining("access_role") as string, stack: expect.any(String) as string },
    });
    expect(lines.length).toBe(1);
  });

  test("one that the caller leaves in the middle of its body", async () => {
    const { port, hostname } = new URL(server.url);
    const socket = connectSocket(Number(port), hostname);
    // With this header the server says that it has read the head.
    const who = `authorization: Bearer ${owner.accessToken}\r\ncontent-type: application/json\r\n`;
    socket.write(`POST /api/roles HTTP/1.1\r\nhost: x\r\n${who}expect: 100-continue\r\ncontent-length: 100\r\n\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toContain("100 Continue");
    socket.write("half");
    socket.destroy();
    expect(await requestLines(1)).toMatchObject([
      { message: "request aborted", method: "POST", path: "/api/roles", aborted: true },
    ]);
  });

  test("one that the caller leaves before its answer", async () => {
    await admin.query("BEGIN; LOCK TABLE audience_person IN ACCESS EXCLUSIVE MODE");
    const impatient = new AbortController();
    const left = call("/api/people", { signal: impatient.signal }).catch(() => "left");
    await expect.poll(waitingForLocks).toBe(1);
    impatient.abort();
    expect(await left).toBe("left");
    const [line] = await requestLines(1);
    await admin.query("COMMIT");
    expect(line).toMatchObject({ message: "request aborted", aborted: true, caller: { id: owner.accountId } });
    expect(line).not.toHaveProperty("status");
  });

  test("probes leave theirs for whoever looks for it", async () => {
    for (const path of ["/health", "/health/live", "/health/ready", "/metrics"]) await (await call(path)).text();
    const levels = (await requestLines(4)).map(({ level }) => level);
    expect(levels).toEqual([20, 20, 20, 20]);
  });
});

test("a full pool is busy, not unwell; and it shows", async () => {
  await admin.query("BEGIN; LOCK TABLE audience_person IN ACCESS EXCLUSIVE MODE");
  const waiting = Array.from({ length: 10 }, () => call("/api/people"));
  await expect.poll(waitingForLocks).toBe(poolSize);
  for (const path of ["/health/live", "/health/ready", "/health"]) {
    expect(await (await call(path)).json(), path).toMatchObject({ status: "ok" });
  }
  const metrics = await (await call("/metrics")).text();
  await admin.query("COMMIT");
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(waiting.map(() => 200));
  expect(metrics).toContain(`zg_database_pool_connections{state="busy"} ${poolSize}\n`);
  expect(metrics).toMatch(/^zg_database_pool_waiting [1-9]/m);
  const after = await (await call("/metrics")).text();
  expect(after).toMatch(/^zg_database_pool_wait_seconds_count [1-9]/m);
  expect(after).toContain("zg_database_pool_waiting 0\n");
});

test("requests are counted by route and status, addresses that nobody knows as one", async () => {
  for (const path of ["/api/me", "/api/nowhere/1", "/api/nowhere/2"]) await (await call(path)).text();
  await (await call("/api/me", { headers: { authorization: "" } })).text();
  const metrics = await (await call("/metrics")).text();
  const count = (labels: string): number =>
    Number(new RegExp(`^zg_http_request_duration_seconds_count\\{${labels}\\} (\\d+)$`, "m").exec(metrics)?.[1]);
  expect(count('method="GET",route="access.me",status="200"')).toBeGreaterThan(0);
  expect(count('method="GET",route="access.me",status="401"')).toBeGreaterThan(0);
  expect(count('method="GET",route="unmatched",status="404"')).toBeGreaterThan(1);
  expect(metrics).not.toContain("nowhere");
  expect(metrics).toContain("nodejs_eventloop_lag_seconds");
});

describe("who may read the metrics", () => {
  test("with a token whoever brings it; others find nothing there", async () => {
    const guarded = await openTestServer(inject("clusterUrl"), { env: { METRICS_TOKEN: "a token of some length" } });
    const ask = async (authorization: string): Promise<number> =>
      (await fetch(`${guarded.url}/metrics`, { headers: { authorization } })).status;
    expect(await ask("Bearer a token of some length")).toBe(200);
    for (const wrong of ["", "Bearer", "Bearer a token of some lengt", "a token of some length"]) {
      expect(await ask(wrong), wrong).toBe(404);
    }
    await guarded.close();
  });

  test("without one this machine itself, but not what comes through a proxy on it, and in production nobody", async () => {
    expect((await call("/metrics", { headers: { "x-forwarded-for": "203.0.113.7" } })).status).toBe(404);
    expect((await call("/metrics", { headers: { "x-forwarded-for": "203.0.113.7, nonsense" } })).status).toBe(404);
    expect((await call("/metrics", { headers: { forwarded: "for=203.0.113.7" } })).status).toBe(404);
    const real = await openTestServer(inject("clusterUrl"), { env: { NODE_ENV: "production" } });
    expect((await fetch(`${real.url}/metrics`)).status).toBe(404);
    await real.close();
  });
});

test("told to end, it isn't ready at once, still lives and answers, and lets no connection be kept", async () => {
  const logged: { level: number; message: string }[] = [];
  const ending = await openTestServer(inject("clusterUrl"), {
    log: createLog("info", { write: (line) => logged.push(JSON.parse(line) as (typeof logged)[number]) }),
  });
  const ask = (path: string): Promise<Response> => fetch(`${ending.url}${path}`);
  expect((await ask("/health/ready")).headers.get("connection")).toBe("keep-alive");
  ending.runtime.lifecycle.beginStop();
  for (const path of ["/health/ready", "/health"]) {
    const response = await ask(path);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ status: "stopping" });
  }
  expect((await ask("/health/live")).status).toBe(200);
  const answered = await ask("/api/setup");
  expect([answered.status, answered.headers.get("connection")]).toEqual([200, "close"]);
  // What balancers are told every second is no failure.
  expect(logged.filter(({ level }) => level >= 40)).toEqual([]);
  await ending.close();
});
