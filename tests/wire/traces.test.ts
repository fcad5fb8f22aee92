import { createServer } from "node:http";
import { startEmulator } from "@zhanggui/emulator/emulator";
import { createLog } from "@zhanggui/kit/server/log";
import { bindLanternTea } from "@zhanggui/server/testing/lantern-tea";
import { openTestServer, type Member, type TestServer } from "@zhanggui/server/testing/test-server";
import {
  attributesOf,
  type CollectedSpan,
  openTraceCollector,
  type TraceCollector,
} from "@zhanggui/server/testing/trace-collector";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

/*
 * Traces as a collector gets them, over a socket: of a request, its service and statements, and of the tasks that
 * another process works off, with what these call in turn.
 */
let collector: TraceCollector;
let emulator: Awaited<ReturnType<typeof startEmulator>>;
let api: TestServer;
let worker: TestServer;
let owner: Member;

beforeAll(async () => {
  collector = await openTraceCollector();
  emulator = await startEmulator();
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20tea,x-shop=lantern",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
    WECHAT_API_URL: emulator.url,
    WECHAT_MP_URL: emulator.url,
    SMTP_URL: emulator.smtpUrl,
    EGRESS_NETWORKS: "127.0.0.0/8",
    EGRESS_PORTS: "1-65535",
  };
  api = await openTestServer(inject("clusterUrl"), { env });
  worker = await openTestServer(inject("clusterUrl"), { env, databaseUrl: api.databaseUrl, clock: api.clock });
  owner = await api.asOwner();
});
afterAll(async () => {
  await worker.close();
  await api.close();
  await emulator.stop();
  await collector.close();
});

const of = (traceId: string): CollectedSpan[] => collector.spans.filter((span) => span.traceId === traceId);
async function arrived(traceId: string, ready: (spans: CollectedSpan[]) => boolean): Promise<CollectedSpan[]> {
  await expect.poll(() => ready(of(traceId))).toBe(true);
  return of(traceId);
}
const named = (spans: readonly CollectedSpan[], name: string | RegExp): CollectedSpan => {
  const found = spans.find((span) => (typeof name === "string" ? span.name === name : name.test(span.name)));
  expect(found, `${String(name)} among ${spans.map((span) => span.name).join(", ")}`).toBeDefined();
  return found!;
};
const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${api.url}${path}`, { headers: { authorization: `Bearer ${owner.accessToken}`, ...headers } });

test("a request, its service and its statements hang below each other, with what the collector asked to be sent along", async () => {
  const answer = await get("/api/people?search=%E6%A1%82");
  const traceId = answer.headers.get("x-trace-id")!;
  const spans = await arrived(traceId, (all) => all.some(({ kind }) => kind === 2));
  const request = named(spans, "GET audience.listPeople");
  expect(request).toMatchObject({ kind: 2, spanId: traceId.slice(0, 16) });
  expect(request.parentSpanId).toBeUndefined();
  expect(attributesOf(request.attributes)).toMatchObject({
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "url.path": "/api/people",
    "zhanggui.tenant": owner.tenantId,
  });
  const service = named(spans, "audience.listPeople");
  expect(service.parentSpanId).toBe(request.spanId);
  const statements = spans.filter(({ parentSpanId }) => parentSpanId === service.spanId);
  expect(statements.length).toBeGreaterThan(0);
  const statement = attributesOf(statements[0]!.attributes);
  expect(statement["db.system.name"]).toBe("postgresql");
  expect(statement["db.query.text"]).toMatch(/\$1/);
  for (const { startTimeUnixNano: from, endTimeUnixNano: to } of spans) expect(BigInt(to) >= BigInt(from)).toBe(true);
  const [sent] = collector.requests;
  expect(sent).toMatchObject({ path: "/v1/traces", headers: { authorization: "Bearer tea", "x-shop": "lantern" } });
  expect(collector.resource()).toMatchObject({ "service.name": "zhanggui", "deployment.environment.name": "test" });
});

test("a push is one trace over two processes: the request, the tasks of its events, and the calls of WeChat", async () => {
  const bound = await bindLanternTea(owner, emulator.world, api.url);
  const puppet = emulator.world.createPuppet();
  await emulator.world.scan(puppet.id, { code: bound.channel.ticket });
  await worker.runUntilIdle();
  const { items } = await owner.api.connect.listInbound({});
  // WeChat's receipt of the message came later, as a push of its own.
  const { traceId } = items.find(({ kind }) => kind === "event:subscribe")!;
  // Each process sends its own, in its own time.
  const isWhole = (all: CollectedSpan[]): boolean => {
    const ids = new Set(all.map(({ spanId }) => spanId));
    const isSent = all.some(({ name }) => name.includes("/cgi-bin/message/template/send"));
    return isSent && all.every(({ parentSpanId }) => parentSpanId === undefined || ids.has(parentSpanId));
  };
  const spans = await arrived(traceId, isWhole);
  const request = named(spans, "POST connect.receive");
  const tasks = spans.filter(({ kind }) => kind === 5);
  expect(tasks.map(({ name }) => name)).toEqual(expect.arrayContaining([expect.stringMatching(/^process audience\./)]));
  for (const task of tasks) expect(task.parentSpanId).toBe(request.spanId);
  const call = named(spans, /template\/send/);
  expect(call.kind).toBe(3);
  const parents = new Set(spans.map(({ spanId }) => spanId));
  for (const { parentSpanId } of spans) if (parentSpanId !== undefined) expect(parents.has(parentSpanId)).toBe(true);
});

test("what a collector gets has no secret and no whole openid, number or address in it", async () => {
  const roles = await owner.api.access.listRoles();
  await owner.api.access.createAccount({
    login: "tea-13812345678@lantern-tea.example",
    displayName: "Qing",
    password: "oolong oolong oolong",
    roleIds: [roles.items[0]!.id],
  });
  const answer = await get("/api/people/13812345678@lantern-tea.example");
  await arrived(answer.headers.get("x-trace-id")!, (all) => all.some(({ kind }) => kind === 2));
  const everything = collector.raw.join("\n");
  for (const secret of ["oolong", "13812345678", owner.accessToken]) expect(everything).not.toContain(secret);
  for (const { openid } of emulator.world.bonds()) expect(everything).not.toContain(openid);
});

test("a trusted caller's trace goes on below their span; a stranger's traceparent is no one's", async () => {
  const [traceId, parent] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
  const traceparent = `00-${traceId}-${parent}-01`;
  for (let round = 0; round < 2; round++) await get("/api/people", { traceparent });
  const spans = await arrived(traceId, (all) => all.filter(({ kind }) => kind === 2).length === 2);
  const requests = spans.filter(({ kind }) => kind === 2);
  expect(requests.map(({ parentSpanId }) => parentSpanId)).toEqual([parent, parent]);
  expect(new Set(requests.map(({ spanId }) => spanId)).size).toBe(2);
  const strange = await fetch(`${api.url}/api/people`, { headers: { traceparent } });
  expect(strange.headers.get("x-trace-id")).not.toBe(traceId);
  expect(of(traceId).filter(({ kind }) => kind === 2)).toHaveLength(2);
});

test("a webhook's delivery is a call to a host, without the path, where a secret may stand", async () => {
  const taken: string[] = [];
  const receiver = createServer((request, response) => {
    taken.push(request.url ?? "");
    response.end();
  });
  await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
  const { port } = receiver.address() as { port: number };
  await owner.api.webhooks.createEndpoint({
    name: "Tea",
    url: `http://127.0.0.1:${port}/hooks/very-secret-part`,
    events: ["connect.message_received.v1"],
  });
  await emulator.world.follow(emulator.world.createPuppet().id);
  await worker.runUntilIdle();
  await expect.poll(() => taken.length).toBeGreaterThan(0);
  const isCall = ({ kind, attributes }: CollectedSpan): boolean =>
    kind === 3 && attributesOf(attributes)["server.port"] === port;
  await expect.poll(() => collector.spans.some(isCall)).toBe(true);
  expect(attributesOf(collector.spans.find(isCall)!.attributes)).toMatchObject({ "http.response.status_code": 200 });
  expect(collector.raw.join("\n")).not.toContain("very-secret-part");
  receiver.close();
  receiver.closeAllConnections();
});

test.each([500, "never"] as const)("a collector that answers %s delays nothing and breaks nothing", async (answer) => {
  const lines: string[] = [];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_TIMEOUT: "300" };
  const log = createLog("warn", { write: (line: string) => void lines.push(line) });
  const lone = await openTestServer(inject("clusterUrl"), { env, log });
  collector.answer = answer;
  const member = await lone.asOwner();
  for (let round = 0; round < 200; round++) await member.api.access.me({});
  await lone.close();
  collector.answer = 200;
  const said = lines.filter((line) => line.includes("collector of traces"));
  // Once, however many batches were lost.
  expect(said).toHaveLength(1);
});

test("what is left is sent when the process ends", async () => {
  const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/own/path` };
  const lone = await openTestServer(inject("clusterUrl"), { env });
  const answer = await fetch(`${lone.url}/api/people`);
  const traceId = answer.headers.get("x-trace-id")!;
  await lone.close();
  expect(of(traceId).map(({ name }) => name)).toEqual(["GET audience.listPeople"]);
  expect(collector.requests.at(-1)?.path).toBe("/own/path");
});

test("of a sampled tenth each trace is whole or not there", async () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.1",
  };
  const lone = await openTestServer(inject("clusterUrl"), { env });
  const { accessToken } = await lone.asOwner();
  const ids: string[] = [];
  for (let round = 0; round < 300; round++) {
    const answer = await fetch(`${lone.url}/api/me`, { headers: { authorization: `Bearer ${accessToken}` } });
    ids.push(answer.headers.get("x-trace-id")!);
  }
  await lone.close();
  const taken = ids.filter((id) => of(id).length > 0);
  expect(taken.length).toBeGreaterThan(5);
  expect(taken.length).toBeLessThan(75);
  for (const id of taken) expect(of(id).some(({ kind }) => kind === 2)).toBe(true);
});

test("without a collector named, nothing is watched", async () => {
  const lone = await openTestServer(inject("clusterUrl"));
  expect(lone.runtime.tracer).toBeUndefined();
  await lone.close();
});
