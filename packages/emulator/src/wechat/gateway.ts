import { performance } from "node:perf_hooks";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { pause } from "../pause.ts";
import type { ApiFault } from "../world/faults.ts";
import type { Account } from "../world/model.ts";
import type { State } from "../world/state.ts";
import { describeErrcode, Refusal } from "./errcodes.ts";

/** A call of WeChat's API after the checks that all calls share. */
export interface ApiCall {
  query: Record<string, string>;
  /** The JSON body; `{}` for GET. */
  body: Record<string, unknown>;
  /** The token's account; only routes with `access: "token"` have one. */
  account: Account | null;
}

/** JSON text (64-bit numbers need text), or bytes such as a picture. */
export type ApiAnswer = { json: string } | { bytes: Buffer; contentType: string; status?: number };

export interface ApiRoute {
  method: "GET" | "POST";
  path: string;
  access: "token" | "open";
  handle: (state: State, call: ApiCall) => ApiAnswer | Promise<ApiAnswer>;
}

interface Sent {
  status: number;
  contentType: string;
  body: Buffer;
  errcode: number | null;
}

const jsonType = "application/json; encoding=utf-8";

/** Serves WeChat's API: token, method, quota and JSON checks, faults and the journal are the same for every route. */
export function serveWechat(app: FastifyInstance, state: State, routes: readonly ApiRoute[]): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.all("/cgi-bin/*", async (request, reply) => {
    const startedAt = performance.now();
    const path = request.url.split("?")[0] ?? "";
    const account = accountOf(state, request);
    const fault = state.faults.takeForApi(path, account?.appid ?? null);
    const sent = await answer(state, routes, request, path, fault);
    record(state, request, path, account, sent, fault, performance.now() - startedAt);
    if (fault?.drop !== undefined) return cut(request, reply);
    return reply.status(sent.status).header("content-type", sent.contentType).send(sent.body);
  });
}

async function answer(
  state: State,
  routes: readonly ApiRoute[],
  request: FastifyRequest,
  path: string,
  fault: ApiFault | null,
): Promise<Sent> {
  if (fault?.delayMs !== undefined) await pause(fault.delayMs, state.stopping.signal);
  const performs = fault === null || fault.perform === true || fault.drop === "after" || isOnlySlow(fault);
  const real = performs ? await perform(state, routes, request, path) : null;
  if (fault?.status !== undefined)
    return { status: fault.status, contentType: "text/html", body: Buffer.alloc(0), errcode: null };
  if (fault?.errcode !== undefined) return refusal(state, fault.errcode);
  return real ?? { status: 0, contentType: jsonType, body: Buffer.alloc(0), errcode: null };
}

function isOnlySlow(fault: ApiFault): boolean {
  return fault.errcode === undefined && fault.status === undefined && fault.drop === undefined;
}

async function perform(
  state: State,
  routes: readonly ApiRoute[],
  request: FastifyRequest,
  path: string,
): Promise<Sent> {
  try {
    const route = routes.find((one) => one.path === path);
    if (route === undefined) throw new Refusal(40066);
    if (request.method !== route.method) throw new Refusal(route.method === "GET" ? 43001 : 43002);
    const query = queryOf(request);
    const account = route.access === "token" ? accountByToken(state, query["access_token"]) : null;
    const call: ApiCall = { query, body: route.method === "POST" ? bodyOf(request) : {}, account };
    if (account?.unauthorizedPaths.includes(path) === true) throw new Refusal(48001);
    if (account !== null && !state.spend(path, account)) throw new Refusal(45009);
    const answered = await route.handle(state, call);
    if ("json" in answered) return { status: 200, contentType: jsonType, body: Buffer.from(answered.json), errcode: 0 };
    return { status: answered.status ?? 200, contentType: answered.contentType, body: answered.bytes, errcode: 0 };
  } catch (error) {
    if (error instanceof Refusal) return refusal(state, error.errcode);
    throw error;
  }
}

/** The account a token stands for; refuses as WeChat does (41001, 40001, 42001). */
function accountByToken(state: State, value: string | undefined): Account {
  if (value === undefined || value === "") throw new Refusal(41001);
  const look = state.tokens.look(value);
  if (look.state === "expired") throw new Refusal(42001);
  const account = look.state === "valid" ? state.accounts.get(look.appid) : undefined;
  if (account === undefined) throw new Refusal(40001);
  return account;
}

/** HTTP 200 with errcode and errmsg; the tail names the call, as WeChat's does (`hint`, for tokens, and `rid`). */
function refusal(state: State, errcode: number): Sent {
  const { errmsg } = describeErrcode(errcode);
  const hint =
    errcode === 40001 || errcode === 42001 ? ` hint: [${state.random.letters(6)}a0${state.random.digits(8)}]` : "";
  const seconds = Math.floor(state.now() / 1000).toString(16);
  const rid = `${seconds}-${state.random.hex(8)}-${state.random.hex(8)}`;
  const body = JSON.stringify({ errcode, errmsg: errcode === 0 ? "ok" : `${errmsg}${hint} rid: ${rid}` });
  return { status: 200, contentType: jsonType, body: Buffer.from(body), errcode };
}

function bodyOf(request: FastifyRequest): Record<string, unknown> {
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  if (bytes.length === 0) throw new Refusal(44002);
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Not JSON and not an object are the same error to WeChat.
  }
  throw new Refusal(47001);
}

function queryOf(request: FastifyRequest): Record<string, string> {
  const start = request.url.indexOf("?");
  return Object.fromEntries(new URLSearchParams(start < 0 ? "" : request.url.slice(start + 1)));
}

/** For the journal and for faults that name an account: who calls, as far as the request tells. */
function accountOf(state: State, request: FastifyRequest): Account | null {
  const query = queryOf(request);
  const look = state.tokens.look(query["access_token"] ?? "");
  let appid = look.state === "valid" ? look.appid : query["appid"];
  if (appid === undefined && Buffer.isBuffer(request.body))
    appid = /"appid"\s*:\s*"(\w+)"/.exec(request.body.toString())?.[1];
  return state.accounts.get(appid ?? "") ?? null;
}

function record(
  state: State,
  request: FastifyRequest,
  path: string,
  account: Account | null,
  sent: Sent,
  fault: ApiFault | null,
  ms: number,
): void {
  const isText = sent.contentType.startsWith("application/json") || sent.contentType.startsWith("text/");
  const answered = fault?.drop === undefined;
  const meaning = sent.errcode === null || sent.errcode === 0 ? "ok" : describeErrcode(sent.errcode).meaning;
  state.journal.add({
    id: state.nextId("call"),
    at: state.now(),
    kind: "api",
    appid: account?.appid ?? null,
    what: path.replace("/cgi-bin/", ""),
    method: request.method,
    url: request.url,
    status: answered ? sent.status : null,
    errcode: sent.errcode,
    ms: Math.round(ms),
    tries: 1,
    request: Buffer.isBuffer(request.body) ? request.body.toString("utf8") : "",
    response: isText ? sent.body.toString("utf8") : `(${sent.body.length} bytes of ${sent.contentType})`,
    note:
      fault === null ? meaning : `a fault: ${answered ? meaning : `the connection was cut, ${fault.drop} the work`}`,
  });
}

function cut(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack();
  request.raw.socket.destroy();
  return reply;
}
