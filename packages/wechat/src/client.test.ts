import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { atMostOnce, get, post, read as reads } from "./call.ts";
import { outcomeOfWrite, TokenFailure, WechatClient } from "./client.ts";
import type { WechatClientOptions } from "./client.ts";
import type { CallLog } from "./transport.ts";
import { WechatError, WechatUnreachable } from "./transport.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

let server: Server;
let apiUrl: string;
let answers: Answer[];
let requests: { method: string | undefined; url: URL; body: string; contentType: string | undefined }[];

beforeEach(async () => {
  answers = [];
  requests = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      requests.push({
        method: request.method,
        url: new URL(request.url ?? "", apiUrl),
        body,
        contentType: request.headers["content-type"],
      });
      const answer = answers.shift() ?? json({ errcode: -2, errmsg: "no answer prepared" });
      answer(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function json(value: unknown, status = 200): Answer {
  return (_request, response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

function clientWith(changes: Partial<WechatClientOptions> = {}): WechatClient {
  let issued = 1;
  const tokens = {
    get: () => Promise.resolve(`secret-${issued}`),
    replace: (failed: string) => {
      if (failed === `secret-${issued}`) issued += 1;
      return Promise.resolve(`secret-${issued}`);
    },
  };
  return new WechatClient({ apiUrl, tokens, wait: () => Promise.resolve(), ...changes });
}

const page = "doc/thing";
const read = get("/cgi-bin/thing", { page, effect: reads, reply: z.object({ name: z.string() }) });
const write = post("/cgi-bin/thing", {
  page,
  effect: atMostOnce,
  request: () => ({ body: { 名: "茶" } }),
  reply: z.object({}),
});

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("a call", () => {
  test("carries token, query and JSON body, and returns the reply in its shape", async () => {
    answers = [json({ name: "灯笼茶", more: 1 }), json({ errcode: 0, errmsg: "ok" })];
    expect(await clientWith().call({ ...read, request: () => ({ query: { lang: "zh_CN" } }) })).toEqual({
      name: "灯笼茶",
    });
    await clientWith().call(write);
    expect(requests.map(({ method, url }) => `${method} ${url.pathname}${url.search}`)).toEqual([
      "GET /cgi-bin/thing?lang=zh_CN&access_token=secret-1",
      "POST /cgi-bin/thing?access_token=secret-1",
    ]);
    expect(requests[1]).toMatchObject({ body: '{"名":"茶"}', contentType: "application/json" });
  });

  test("keeps every digit of a long id", async () => {
    answers = [(_request, response) => response.end('{"errcode":0,"msgid":9223372036854775807}')];
    const sent = post("/cgi-bin/thing", { page, effect: atMostOnce, reply: z.object({ msgid: z.string() }) });
    expect(await clientWith().call(sent)).toEqual({ msgid: "9223372036854775807" });
  });
});

describe("a refused token", () => {
  test.each([40001, 40014, 42001])("%i is replaced and the call repeated once, write or not", async (errcode) => {
    answers = [json({ errcode, errmsg: "invalid credential" }), json({ errcode: 0 })];
    await clientWith().call(write);
    expect(requests.map(({ url }) => url.searchParams.get("access_token"))).toEqual(["secret-1", "secret-2"]);
  });

  test("refused again is the caller's to know", async () => {
    const refused = json({ errcode: 40001, errmsg: "invalid credential rid: 655d9278-7c157f97-69055077" });
    answers = [refused, refused, refused];
    const error = await failureOf(clientWith().call(read));
    expect(error).toMatchObject({
      name: "WechatError",
      errcode: 40001,
      kind: "token",
      rid: "655d9278-7c157f97-69055077",
    });
    expect(requests).toHaveLength(2);
    expect(outcomeOfWrite(error)).toBe("not_done");
  });

  test("that can't be replaced means that nothing was sent", async () => {
    const tokens = {
      get: () => Promise.reject(new Error("stable_token is down")),
      replace: () => Promise.reject(new Error()),
    };
    const error = await failureOf(clientWith({ tokens }).call(write));
    expect(error).toBeInstanceOf(TokenFailure);
    expect(outcomeOfWrite(error)).toBe("not_done");
    expect(requests).toHaveLength(0);
  });
});

describe("errors", () => {
  test.each([
    [45011, "throttled"],
    [45009, "quota"],
    [43004, "recipient"],
    [40037, "content"],
    [48001, "permission"],
    [123456, "other"],
  ])("%i is of kind %s and not repeated", async (errcode, kind) => {
    answers = [json({ errcode, errmsg: "no" })];
    const error = await failureOf(clientWith().call(read));
    expect(error).toBeInstanceOf(WechatError);
    expect(error).toMatchObject({ errcode, kind });
    expect(requests).toHaveLength(1);
  });

  test("busy is repeated for reads only, three tries in all", async () => {
    const busy = json({ errcode: -1, errmsg: "system error" });
    answers = [busy, busy, json({ name: "x" })];
    expect(await clientWith().call(read)).toEqual({ name: "x" });
    answers = [busy, busy, busy, busy];
    expect(await failureOf(clientWith().call(read))).toMatchObject({ kind: "busy" });
    expect(requests).toHaveLength(6);
    answers = [busy];
    const error = await failureOf(clientWith().call(write));
    expect(requests).toHaveLength(7);
    expect(outcomeOfWrite(error)).toBe("unknown");
  });

  test("no error, its parts or its log entry tells the token", async () => {
    const entries: CallLog[] = [];
    const tokens = { get: () => Promise.resolve("se/cret+1"), replace: () => Promise.resolve("se/cret+1") };
    const log = (entry: CallLog): void => void entries.push(entry);
    answers = [json({ errcode: 48001, errmsg: "se/cret+1 and se%2Fcret%2B1 may not rid: 1-2" })];
    const refused = (await failureOf(clientWith({ tokens, log }).call(read))) as WechatError;
    expect(refused.errmsg).toBe("[redacted] and [redacted] may not rid: 1-2");
    const fetch = () =>
      Promise.reject(new TypeError("fetch failed for access_token=se/cret+1", { cause: new Error("se/cret+1") }));
    const unreachable = (await failureOf(clientWith({ tokens, log, fetch }).call(read))) as Error;
    for (const error of [refused, unreachable]) {
      const everything = [error.message, error.stack, JSON.stringify(error), String(error.cause)].join();
      expect(everything).not.toMatch(/se\/cret|se%2Fcret/);
    }
    expect(entries).toMatchObject([
      { method: "GET", path: "/cgi-bin/thing", outcome: "refused", errcode: 48001, rid: "1-2" },
      // A read is tried three times.
      ...Array.from({ length: 3 }, () => ({ path: "/cgi-bin/thing", outcome: "unreachable", sent: "maybe" })),
    ]);
    expect(JSON.stringify(entries)).not.toContain("cret");
  });
});

describe("the network", () => {
  async function unreachable(changes: Partial<WechatClientOptions> = {}): Promise<WechatUnreachable> {
    const error = await failureOf(clientWith(changes).call(write));
    expect(error).toBeInstanceOf(WechatUnreachable);
    return error as WechatUnreachable;
  }

  test("a refused connection was not sent", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const error = await unreachable({ apiUrl: `http://127.0.0.1:${port}` });
    expect(error).toMatchObject({ sent: "no", reason: "connect" });
    expect(outcomeOfWrite(error)).toBe("not_done");
  });

  test("an unknown host was not sent, be it one address or several", async () => {
    const failing = (cause: Error) => ({ fetch: () => Promise.reject(new TypeError("fetch failed", { cause })) });
    const notFound = Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND", syscall: "getaddrinfo" });
    const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED", syscall: "connect" });
    const slow = Object.assign(new Error("connect"), { code: "ETIMEDOUT", syscall: "connect" });
    expect(await unreachable(failing(notFound))).toMatchObject({ sent: "no" });
    expect(await unreachable(failing(new AggregateError([refused, slow])))).toMatchObject({ sent: "no" });
    const died = Object.assign(new Error("read"), { code: "ETIMEDOUT", syscall: "read" });
    expect(await unreachable(failing(died))).toMatchObject({ sent: "maybe" });
    expect(await unreachable(failing(new AggregateError([refused, died])))).toMatchObject({ sent: "maybe" });
  });

  test("a connection that dies after the request may have been sent", async () => {
    answers = [(request) => request.socket.destroy()];
    const error = await unreachable();
    expect(error).toMatchObject({ sent: "maybe", reason: "reset" });
    expect(outcomeOfWrite(error)).toBe("unknown");
  });

  test("a connection that dies within the answer may have been sent", async () => {
    answers = [
      (request, response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write('{"errcode":0', () => request.socket.destroy());
      },
    ];
    expect(await unreachable()).toMatchObject({ sent: "maybe" });
  });

  test("silence may have been sent", async () => {
    answers = [() => undefined];
    expect(await unreachable({ timeoutMs: 50 })).toMatchObject({ sent: "maybe", reason: "timeout" });
  });

  test("a gateway's page, a redirect, a cut or a strange answer may have been sent", async () => {
    answers = [
      (_request, response) => response.writeHead(502).end("<html>Bad Gateway</html>"),
      (_request, response) => response.writeHead(302, { location: `${apiUrl}/elsewhere` }).end(),
      (_request, response) => response.end('{"errcode":'),
      json({ errcode: 0, errmsg: "ok" }, 500),
      json("ok"),
    ];
    const reasons: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const error = await unreachable();
      expect(error.sent).toBe("maybe");
      reasons.push(error.reason);
    }
    expect(reasons).toEqual(["status", "status", "unreadable", "status", "unexpected"]);
    expect(requests).toHaveLength(5);
  });
});
