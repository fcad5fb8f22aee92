import { connect as connectSocket } from "node:net";
import type { Problem } from "@zhanggui/kit/contract/problem";
import { ProblemShape } from "@zhanggui/kit/contract/problem-shape";
import type { Contract } from "@zhanggui/kit/contract/route";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { contracts } from "./contracts.ts";
import { openTestServer, type Member, type TestServer } from "./testing/test-server.ts";

let server: TestServer;
let owner: Member;

beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
});
afterAll(() => server.close());

interface Init extends Omit<RequestInit, "headers"> {
  readonly headers?: Record<string, string>;
}

async function problemOf(path: string, init: Init = {}): Promise<Problem & { contentType: string | null }> {
  const response = await fetch(`${server.url}${path}`, {
    ...init,
    headers: { "accept-language": "en", authorization: `Bearer ${owner.accessToken}`, ...init.headers },
  });
  const problem = ProblemShape.parse(await response.json());
  expect(response.status).toBe(problem.status);
  expect(response.headers.get("x-trace-id")).toBe(problem.traceId);
  return { ...problem, contentType: response.headers.get("content-type") };
}
const json = (body: string): Init => ({ method: "POST", body, headers: { "content-type": "application/json" } });

describe("every refusal is problem+json, also what Fastify refuses by itself", () => {
  test.each<[what: string, path: string, init: Init, status: number, code: string]>([
    ["an unknown route", "/api/nowhere", {}, 404, "kit.not_found"],
    ["an unknown page", "/nowhere", { headers: { accept: "text/html" } }, 404, "kit.not_found"],
    ["an unknown method", "/api/me", { method: "DELETE" }, 404, "kit.not_found"],
    ["malformed JSON", "/api/roles", json("{"), 400, "kit.malformed_json"],
    ["a poisoned prototype", "/api/roles", json('{"__proto__":{"x":1}}'), 400, "kit.malformed_json"],
    ["a body of 600 kB", "/api/roles", json(JSON.stringify({ name: "x".repeat(600_000) })), 413, "kit.too_large"],
    [
      "a form",
      "/api/roles",
      { method: "POST", body: new URLSearchParams({ name: "x" }) },
      415,
      "kit.unsupported_media_type",
    ],
    ["no body", "/api/roles", { method: "POST" }, 400, "kit.invalid_input"],
    ["a broken escape", "/api/people/%E0%A4%A", {}, 400, "kit.bad_request"],
    ["an id that is none", "/api/people/42", {}, 404, "kit.not_found"],
    [
      "a version past the database's numbers",
      "/api/settings/connect.replyTimeoutMs",
      { ...json('{"value":1,"version":3000000000}'), method: "PUT" },
      400,
      "kit.invalid_input",
    ],
    ["a NUL in the path", "/api/people?search=%00", {}, 400, "kit.bad_request"],
    [
      "half a character in a text",
      "/api/roles",
      json('{"name":"a\\ud83d","permissions":[]}'),
      400,
      "kit.malformed_json",
    ],
    ["half a character in a name", "/api/roles", json('{"\\udc00":1}'), 400, "kit.malformed_json"],
    ["a NUL in a text", "/api/roles", json('{"name":"a\\u0000b","permissions":[]}'), 400, "kit.malformed_json"],
    ["a limit of 10,000", "/api/people?limit=10000", {}, 400, "kit.invalid_input"],
  ])("%s", async (_, path, init, status, code) => {
    const problem = await problemOf(path, init);
    expect(problem).toMatchObject({
      status,
      code,
      contentType: expect.stringContaining("application/problem+json") as string,
    });
    expect(problem.detail.length).toBeGreaterThan(5);
  });

  test("the wrong fields are named", async () => {
    const { errors } = await problemOf(
      "/api/accounts",
      json(JSON.stringify({ login: "a b", password: "x", roleIds: ["y"] })),
    );
    expect(errors?.map(({ field }) => field)).toEqual(
      expect.arrayContaining(["login", "displayName", "password", "roleIds.0"]),
    );
  });

  test("what is wrong with a field is said in the caller's language too", async () => {
    const body = json(JSON.stringify({ login: "a b", displayName: "", password: "x", roleIds: [] }));
    const tell = async (language: string) => {
      const { errors } = await problemOf("/api/accounts", {
        ...body,
        headers: { ...body.headers, "accept-language": language },
      });
      return errors!.map(({ message }) => message);
    };
    const [chinese, english] = [await tell("zh"), await tell("en")];
    expect(chinese.every((message) => /\p{Script=Han}/u.test(message))).toBe(true);
    expect(english.some((message) => /\p{Script=Han}/u.test(message))).toBe(false);
  });

  test("a sentence comes in the caller's language, Chinese first; the trace is the caller's own", async () => {
    const traceparent = `00-${"c".repeat(32)}-${"d".repeat(16)}-01`;
    const chinese = await problemOf("/api/people/42", { headers: { "accept-language": "zh-CN", traceparent } });
    expect(chinese).toMatchObject({ detail: expect.stringContaining("找不到") as string, traceId: "c".repeat(32) });
    const malformed = await problemOf("/api/people/42", { headers: { traceparent: "00-<script>-1-01" } });
    expect(malformed.traceId).toMatch(/^[0-9a-f]{32}$/);
    for (const authorization of ["", "Bearer nonsense"]) {
      const stranger = await problemOf("/api/people/42", { headers: { authorization, traceparent } });
      expect(stranger).toMatchObject({ status: 401, traceId: expect.not.stringContaining("cccc") as string });
    }
  });

  test("a caller that the environment names is believed without a log-in", async () => {
    const gateway = await openTestServer(inject("clusterUrl"), {
      env: { TRACE_CALLERS: "10.0.0.0/8, 127.0.0.1, ::1" },
    });
    const traceparent = `00-${"c".repeat(32)}-${"d".repeat(16)}-01`;
    const response = await fetch(`${gateway.url}/api/setup`, { headers: { traceparent } });
    expect(response.headers.get("x-trace-id")).toBe("c".repeat(32));
    const elsewhere = await fetch(`${server.url}/api/setup`, { headers: { traceparent } });
    expect(elsewhere.headers.get("x-trace-id")).not.toBe("c".repeat(32));
    await gateway.close();
  });

  test.each([
    ["what isn't HTTP", "NONSENSE\r\n\r\n", 400],
    ["an address that isn't escaped", "GET /api/people?search=王 HTTP/1.1\r\nhost: x\r\n\r\n", 400],
    ["a head without end", `GET / HTTP/1.1\r\nhost: x\r\nx-long: ${"x".repeat(20_000)}\r\n\r\n`, 431],
  ])("%s is refused as a problem, and the server lives on", async (_, sent, status) => {
    const { port, hostname } = new URL(server.url);
    const answer = await new Promise<string>((done) => {
      const socket = connectSocket(Number(port), hostname, () => socket.write(sent));
      let text = "";
      socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
      socket.on("error", () => {});
      socket.on("close", () => done(text));
    });
    const [head = "", body = ""] = answer.split("\r\n\r\n");
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} .*application/problem\\+json`, "s"));
    const problem = JSON.parse(body) as Record<string, unknown>;
    expect(problem).toMatchObject({
      status,
      code: "kit.bad_request",
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });
});

test("a reply carries nothing that the contract doesn't name", async () => {
  const response = await fetch(`${server.url}/api/accounts`, {
    headers: { authorization: `Bearer ${owner.accessToken}` },
  });
  const text = await response.text();
  expect(text).not.toMatch(/hash|argon2/);
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
});

test("OpenAPI 3.1 names every route, and each of its references leads somewhere", async () => {
  const document = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as {
    openapi: string;
    paths: Record<string, Record<string, { operationId: string; responses: object }>>;
    components: { schemas: Record<string, unknown>; parameters: Record<string, unknown> };
  };
  expect(document.openapi).toBe("3.1.0");
  const documented = Object.values(document.paths).flatMap((path) =>
    Object.values(path).map(({ operationId }) => operationId),
  );
  const routes = Object.values<Contract>(contracts).flatMap((contract) => Object.values(contract).map(({ id }) => id));
  expect(documented.toSorted()).toEqual(routes.toSorted());
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]!);
  const known = Object.entries(document.components).flatMap(([kind, parts]) =>
    Object.keys(parts).map((name) => `#/components/${kind}/${name}`),
  );
  expect(references.length).toBeGreaterThan(20);
  expect([...new Set(references)].filter((reference) => !known.includes(reference))).toEqual([]);
  expect(document.components.schemas["Person"]).toMatchObject({
    properties: { firstSeenAt: { type: "string", format: "date-time" } },
  });
});

test("a worker answers whether it lives, and nothing else", async () => {
  const worker = await openTestServer(inject("clusterUrl"), { env: { ROLE: "worker" } });
  expect((await fetch(`${worker.url}/health`)).status).toBe(200);
  for (const path of ["/api/setup", "/api/openapi.json", "/api/wechat/callback/x"]) {
    expect((await fetch(`${worker.url}${path}`)).status, path).toBe(404);
  }
  await worker.close();
});

test("the API's page and its parts are served", async () => {
  for (const path of ["/api/docs", "/api/docs/start.js", "/api/docs/assets/swagger-ui-bundle.js"]) {
    const response = await fetch(`${server.url}${path}`);
    expect(response.status, path).toBe(200);
    expect((await response.text()).length).toBeGreaterThan(50);
  }
});
