import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { Webhook } from "standardwebhooks";
import { Egress } from "@zhanggui/kit/server/egress/egress";
import { post } from "./post.ts";
import { pauseAfter, pausesMs } from "./schedule.ts";
import { hintOf, newSecret, signedHeaders } from "./signature.ts";

const egress = new Egress({ networks: ["127.0.0.1/32"], ports: [{ from: 1, to: 65_535 }] });
const now = new Date("2026-11-30T08:00:00Z");
let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

async function answered(listener: RequestListener, { timeoutMs = 5000, signal = new AbortController().signal } = {}) {
  const listening = createServer(listener);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const { port } = listening.address() as { port: number };
  const url = new URL(`http://127.0.0.1:${port}/`);
  return post({ url, headers: { "x-own": "tea" }, body: "{}" }, { egress, signal, now, timeoutMs });
}

test("a library of Standard Webhooks takes the signature, of the secret and of the one before it", () => {
  const [secret, former] = [newSecret(), newSecret()];
  const body = JSON.stringify({ type: "tea.poured.v1", data: { pot: "青花" } });
  const at = new Date();
  const headers = signedHeaders([secret, former], { id: "0192-a", at, body });
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(hintOf(secret)).toBe(secret.slice(-5, -1));
  for (const each of [secret, former]) expect(new Webhook(each).verify(body, headers)).toEqual(JSON.parse(body));
  expect(() => new Webhook(newSecret()).verify(body, headers)).toThrow();
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow();
});

test("the example of the specification is signed as it says", () => {
  const headers = signedHeaders(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], {
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    at: new Date(1_614_265_330_000),
    body: '{"test": 2432232314}',
  });
  expect(headers).toEqual({
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("pauses are those of the specification, a little longer at random, and longer if that is asked for", () => {
  for (const [at, pauseMs] of pausesMs.entries()) {
    for (let round = 0; round < 100; round++) {
      const given = pauseAfter(at + 1) ?? 0;
      expect(given).toBeGreaterThanOrEqual(pauseMs);
      expect(given).toBeLessThanOrEqual(pauseMs * 1.1 + 1);
    }
  }
  expect(pauseAfter(pausesMs.length + 1)).toBeUndefined();
  expect(pauseAfter(1, 7_200_000)).toBe(7_200_000);
  expect(pauseAfter(1, 1e12)).toBe(86_400_000);
});

test.each([
  [200, "accepted"],
  [204, "accepted"],
  [299, "accepted"],
  [304, "answered"],
  [404, "answered"],
  [410, "answered"],
  [503, "answered"],
])("the status %i means %s", async (status, outcome) => {
  expect(await answered((_, response) => response.writeHead(status).end())).toMatchObject({ status, outcome });
});

test("the beginning of the answer is kept, as text that a table takes", async () => {
  const { excerpt } = await answered((_, response) => {
    response.end(`\u0000 oh\u0007\nno \u202E${"茶".repeat(100_000)}`);
  });
  expect(excerpt.startsWith("oh no 茶茶")).toBe(true);
  expect(excerpt.length).toBeLessThanOrEqual(500);
});

test.each([
  ["120", 120_000],
  ["Mon, 30 Nov 2026 08:05:00 GMT", 300_000],
  ["Mon, 30 Nov 2026 07:00:00 GMT", undefined],
  ["soon", undefined],
  ["-5", undefined],
])("Retry-After: %s asks for %s ms", async (said, retryAfterMs) => {
  const answer = await answered((_, response) => response.writeHead(503, { "retry-after": said }).end());
  expect(answer.retryAfterMs).toBe(retryAfterMs);
});

test("who says nothing in time is told from who isn't there, and from who breaks off", async () => {
  expect(await answered(() => {}, { timeoutMs: 50 })).toMatchObject({ outcome: "timeout", status: null });
  expect(await answered((request) => request.socket.destroy())).toMatchObject({ outcome: "unreachable" });
  server?.closeAllConnections();
  const nobody = post(
    { url: new URL("http://127.0.0.1:1/"), headers: {}, body: "{}" },
    { egress, signal: new AbortController().signal, now, timeoutMs: 5000 },
  );
  expect(await nobody).toMatchObject({ outcome: "unreachable" });
  const plain = await answered((_, response) => response.end());
  expect(plain.outcome).toBe("accepted");
});

test("a name that isn't known, and a server without TLS where TLS is spoken, are said", async () => {
  const resolve = () => Promise.reject(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }));
  const lost = new Egress({ networks: [], ports: [{ from: 443, to: 443 }], resolve });
  const signal = new AbortController().signal;
  const message = { headers: {}, body: "{}" };
  const unknown = post(
    { url: new URL("https://nowhere.example/"), ...message },
    { egress: lost, signal, now, timeoutMs: 5000 },
  );
  expect(await unknown).toMatchObject({ outcome: "unresolved", excerpt: "no such name" });
  await answered((_, response) => response.end());
  const { port } = server!.address() as { port: number };
  const url = new URL(`https://127.0.0.1:${port}/`);
  expect(await post({ url, ...message }, { egress, signal, now, timeoutMs: 5000 })).toMatchObject({
    outcome: "insecure",
  });
});

test("a body that never ends doesn't turn an acceptance into a failure", async () => {
  const answer = await answered((_, response) => {
    response.writeHead(200);
    response.write("taken");
  });
  expect(answer).toMatchObject({ outcome: "accepted", excerpt: "taken" });
});

test("when the process ends the attempt ends, and says so", async () => {
  const ending = new AbortController();
  const attempt = answered(() => ending.abort(new Error("the process ends")), { signal: ending.signal });
  await expect(attempt).rejects.toThrow("the process ends");
});
