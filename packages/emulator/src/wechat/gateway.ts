import { performance } from "node:perf_hooks";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { pause } from "../pause.ts";
import type { ApiFault } from "../world/faults.ts";
import type { Account } from "../world/model.ts";
import type { State } from "../world/state.ts";
import { accountByToken, accountOf, checkCall } from "./checks.ts";
import { describeErrcode, Refusal } from "./errcodes.ts";
import { deviationsOf } from "./deviations.ts";
import type { Incoming } from "./incoming.ts";
import { type ApiRoute, sharedErrcodes } from "./route.ts";

interface Sent {
  status: number;
  contentType: string;
  body: Buffer;
  errcode: number | null;
  /** Names a refusal; null where nothing was refused. */
  rid: string | null;
  fileName?: string;
}

const jsonType = "application/json; encoding=utf-8";

/**
 * Serves WeChat's API: token, method, rights, quota and JSON checks, faults and the journal are the same for every
 * route. A path that nothing else serves is answered in WeChat's form too, and stands in the journal as not emulated.
 */
export function serveWechat(app: FastifyInstance, state: State, routes: readonly ApiRoute[]): void {
  const byPath = new Map(routes.map((route) => [route.path, route]));
  app.setErrorHandler((error: { code?: string }, request, reply) => {
    // Too large a body is told by its kind where a call has kinds; anything else is WeChat being busy.
    const errcode = error.code === "FST_ERR_CTP_BODY_TOO_LARGE" ? tooLarge(request) : -1;
    return answerUnreadable(state, request, reply, errcode);
  });
  app.addHook("preParsing", (request, _reply, payload, done) => {
    // A type that isn't one says nothing of the body: WeChat reads it as JSON.
    if (!/^[\w.+-]+\/[\w.+-]+/.test(request.headers["content-type"] ?? ""))
      request.headers["content-type"] = "application/octet-stream";
    done(null, payload);
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.all("/*", async (request, reply) => {
    const startedAt = performance.now();
    const incoming = readIncoming(request);
    const route = byPath.get(incoming.path);
    const account = accountOf(state, incoming);
    const fault = state.faults.takeForApi(incoming.path, account?.appid ?? null);
    if (fault?.race === true) state.tokens.outrun(incoming.query["access_token"] ?? "");
    const sent = await answer(state, route, incoming, fault);
    record(state, { incoming, route, account, sent, fault, ms: performance.now() - startedAt });
    if (fault?.drop !== undefined) return cut(request, reply);
    if (fault?.hang !== undefined) return reply.hijack();
    if (sent.fileName !== undefined)
      reply.header("content-disposition", `attachment; filename="${sent.fileName.replaceAll(/["\\\r\n]/g, "_")}"`);
    return reply.status(sent.status).header("content-type", sent.contentType).send(sent.body);
  });
}

/** The code of a file beyond what the emulator takes at all. */
function tooLarge({ query }: FastifyRequest): number {
  const { type } = query as Record<string, string | undefined>;
  const codes = new Map([
    ["image", 40009],
    ["voice", 40010],
    ["video", 40011],
    ["thumb", 40012],
  ]);
  return codes.get(type ?? "") ?? 45001;
}

/** Answers in WeChat's form what couldn't be read as a call, and writes it down. */
export function answerUnreadable(
  state: State,
  request: FastifyRequest,
  reply: FastifyReply,
  errcode = 40066,
): FastifyReply {
  const path = request.url.split("?")[0] ?? "";
  const incoming = { ...readIncoming(request), path, bytes: Buffer.alloc(0) };
  const sent = refusal(state, errcode);
  record(state, { incoming, route: undefined, account: null, sent, fault: null, ms: 0 });
  return reply.status(200).header("content-type", sent.contentType).send(sent.body);
}

function readIncoming(request: FastifyRequest): Incoming {
  const start = request.url.indexOf("?");
  const header = request.headers["x-emulator-address"];
  return {
    method: request.method,
    url: request.url,
    path: start < 0 ? request.url : request.url.slice(0, start),
    query: Object.fromEntries(new URLSearchParams(start < 0 ? "" : request.url.slice(start + 1))),
    contentType: request.headers["content-type"] ?? "",
    bytes: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    address: typeof header === "string" ? header : request.ip.replace(/^::ffff:/, ""),
  };
}

async function answer(
  state: State,
  route: ApiRoute | undefined,
  incoming: Incoming,
  fault: ApiFault | null,
): Promise<Sent> {
  if (fault?.delayMs !== undefined) await pause(fault.delayMs, state.stopping.signal);
  const performs =
    fault === null || fault.perform === true || [fault.drop, fault.hang].includes("after") || isOnlySlow(fault);
  const real = performs ? await perform(state, route, incoming) : null;
  if (fault?.status !== undefined)
    return { status: fault.status, contentType: "text/html", body: Buffer.alloc(0), errcode: null, rid: null };
  if (fault?.errcode !== undefined) return refusal(state, fault.errcode);
  return real ?? { status: 0, contentType: jsonType, body: Buffer.alloc(0), errcode: null, rid: null };
}

function isOnlySlow(fault: ApiFault): boolean {
  return [fault.errcode, fault.status, fault.drop, fault.hang].every((part) => part === undefined);
}

async function perform(state: State, route: ApiRoute | undefined, incoming: Incoming): Promise<Sent> {
  try {
    if (route === undefined) throw new Refusal(40066);
    if (incoming.method !== route.method) throw new Refusal(route.method === "GET" ? 43001 : 43002);
    const account = route.access === "token" ? accountByToken(state, incoming.query["access_token"]) : null;
    const call = await checkCall(state, route, incoming, account);
    const answered = await route.handle(state, call);
    const ended = { errcode: 0, rid: null };
    if ("json" in answered) return { status: 200, contentType: jsonType, body: Buffer.from(answered.json), ...ended };
    const { bytes, contentType, status = 200, fileName } = answered;
    return { status, contentType, body: bytes, ...ended, ...(fileName === undefined ? {} : { fileName }) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (route !== undefined && !mayRefuse(route, error)) state.undeclared.add(`${route.path} ${error.errcode}`);
    return refusal(state, error.errcode, error);
  }
}

/** Whether a route says that it answers this code: the table of rules is made of what routes say. */
function mayRefuse({ errcodes = [], rules = [] }: ApiRoute, { errcode }: Refusal): boolean {
  if (sharedErrcodes.includes(errcode) || errcodes.includes(errcode)) return true;
  return rules.some((rule) => rule.kind === "limit" && (rule.errcode === errcode || rule.errcodeBelow === errcode));
}

type Told = Pick<Refusal, "detail" | "more">;
const nothingMore: Told = { detail: "", more: {} };

/** HTTP 200 with errcode and errmsg; the tail names the call. Source of the form: w7corp/easywechat#2759. */
function refusal(state: State, errcode: number, { detail, more }: Told = nothingMore): Sent {
  const { errmsg } = describeErrcode(errcode);
  const seconds = Math.floor(state.now() / 1000).toString(16);
  const rid = `${seconds}-${state.random.hex(8)}-${state.random.hex(8)}`;
  const body = JSON.stringify({ errcode, errmsg: errcode === 0 ? "ok" : `${errmsg}${detail} rid: ${rid}`, ...more });
  return { status: 200, contentType: jsonType, body: Buffer.from(body), errcode, rid };
}

interface Exchange {
  incoming: Incoming;
  route: ApiRoute | undefined;
  account: Account | null;
  sent: Sent;
  fault: ApiFault | null;
  ms: number;
}

function record(state: State, { incoming, route, account, sent, fault, ms }: Exchange): void {
  const cutAt = fault?.drop ?? fault?.hang;
  const how = fault?.hang === undefined ? "the connection was cut" : "no answer was given";
  const meaning = sent.errcode === null || sent.errcode === 0 ? "ok" : describeErrcode(sent.errcode).meaning;
  const note = route === undefined ? "not emulated: WeChat, or the emulator, has no such path" : meaning;
  if (route === undefined) state.count("not emulated");
  state.journal.add({
    id: state.nextId("call"),
    at: state.now(),
    kind: "api",
    appid: account?.appid ?? null,
    what: incoming.path.replace(/^\/(?:cgi-bin\/)?/, ""),
    method: incoming.method,
    url: incoming.url,
    status: cutAt === undefined ? sent.status : null,
    errcode: sent.errcode,
    ms: Math.round(ms),
    tries: 1,
    request: textOf(incoming.contentType, incoming.bytes),
    response: textOf(sent.contentType, sent.body),
    note: fault === null ? note : `a fault: ${cutAt === undefined ? note : `${how}, ${cutAt} the work`}`,
    rid: sent.rid,
    deviations: route === undefined ? [] : deviationsOf(route, incoming),
  });
}

/** What a journal can show of a body. */
function textOf(contentType: string, bytes: Buffer): string {
  const isBinary = /^(?:multipart|image|audio|video|application\/octet-stream)/.test(contentType);
  return isBinary ? `(${bytes.length} bytes of ${contentType})` : bytes.toString("utf8");
}

function cut(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack();
  request.raw.socket.destroy();
  return reply;
}
