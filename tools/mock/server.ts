import { exportFormatOf } from "@zhanggui/kit/contract/export-format";
import { createServer, request as requestOf, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as after } from "node:timers/promises";
import { isJson } from "@zhanggui/kit/contract/body";
import { writeEntityTag } from "@zhanggui/kit/contract/entity-tag";
import { Fault } from "@zhanggui/kit/contract/fault";
import { invalidInput, malformedJson, methodNotAllowed, notFound } from "@zhanggui/kit/contract/faults";
import { faultsOf } from "@zhanggui/kit/contract/faults-of";
import { nestFields } from "@zhanggui/kit/contract/query-string";
import { type Contract, pathOf, type Route } from "@zhanggui/kit/contract/route";
import { languageOf, translate } from "@zhanggui/kit/contract/text";
import { sessionCookie } from "@zhanggui/server/foundation/access/sign-in.contract";
import { problemType, toFault, toProblem } from "@zhanggui/kit/server/http/problem";
import type { z } from "zod";
import type { Mock } from "./answer.ts";
import { fileOf } from "./list-file.ts";
import { userOf } from "./specials.ts";
import type { Row } from "./world.ts";

/** Routes by a pattern (`audience.*`, `audience.listPeople`), and what is to become of their calls. */
export interface Rule {
  readonly pattern: string;
  readonly value: string;
}

export interface MockServerOptions {
  readonly contracts: Readonly<Record<string, Contract>>;
  readonly mock: Mock;
  /** Routes that a real server answers, by its address. */
  readonly passes?: readonly Rule[];
  /** Routes that are refused, with a fault's code. */
  readonly faults?: readonly Rule[];
  /** How long each answer takes. */
  readonly latencyMs?: number;
  /** Answers what is no route: the console's files. */
  readonly files?: (path: string, response: ServerResponse) => Promise<void>;
}

/** A route, with what it takes for an address to be its own. */
interface Place {
  readonly route: Route;
  readonly pattern: RegExp;
}

/**
 * Serves every route of the contracts over HTTP. A request says what it wants besides: `x-mock-fault` (`?mock-fault=`)
 * a fault's code, `x-mock-latency` milliseconds, `x-mock-user` for whom.
 */
export function mockServer(options: MockServerOptions): Server {
  const places = placesOf(options.contracts);
  return createServer((request, response) => {
    respond(request, response, places, options).catch((error: unknown) => sendProblem(error, request, response));
  });
}

/** Whether a rule is about a route: by its id, or by its module's name and a star. */
export function isAbout({ pattern }: Rule, { id }: Route): boolean {
  return pattern === "*" || pattern === id || (pattern.endsWith(".*") && id.startsWith(pattern.slice(0, -1)));
}

function placesOf(contracts: Readonly<Record<string, Contract>>): Place[] {
  const routes = Object.values(contracts).flatMap((contract) => Object.values(contract));
  // A word of the path is closer than a parameter: `/people/figures` isn't the person called figures.
  const closest = routes.toSorted((a, b) => a.path.split(":").length - b.path.split(":").length);
  return closest.map((route) => ({
    route,
    pattern: new RegExp(`^${pathOf(route).replaceAll(/:(\w+)/g, "(?<$1>[^/]+)")}$`),
  }));
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  places: readonly Place[],
  options: MockServerOptions,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://mock");
  const there = places.filter(({ pattern }) => pattern.test(url.pathname));
  const method = request.method === "HEAD" ? "get" : request.method?.toLowerCase();
  const place = there.find(({ route }) => route.method === method);
  if (place === undefined) {
    if (there.length > 0) throw methodNotAllowed();
    if (url.pathname.startsWith("/api") || options.files === undefined) throw notFound();
    await options.files(url.pathname, response);
    return;
  }
  const { route, pattern } = place;
  await after(Number(request.headers["x-mock-latency"] ?? options.latencyMs ?? 0) || 0);
  const asksFault = request.headers["x-mock-fault"] ?? url.searchParams.get("mock-fault");
  url.searchParams.delete("mock-fault");
  const code = asksFault?.toString() ?? options.faults?.find((rule) => isAbout(rule, route))?.value;
  if (code !== undefined) throw faultOf(code, options.contracts);
  const pass = options.passes?.find((rule) => isAbout(rule, route));
  if (pass !== undefined) {
    await handOn(request, response, new URL(url.pathname + url.search, pass.value));
    return;
  }
  const params = pattern.exec(url.pathname)?.groups ?? {};
  await answer(request, response, route, params, url, options.mock);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  route: Route,
  params: Row,
  url: URL,
  mock: Mock,
): Promise<void> {
  const language = languageOf(request.headers["accept-language"]);
  const read = (shape: z.ZodType | undefined, given: unknown): Row => {
    const parsed = shape?.safeParse(given);
    if (parsed?.success === false) {
      const errors = parsed.error.issues.map(({ path, message }) => ({
        field: path.join("."),
        message: translate(message, language),
      }));
      throw invalidInput({ errors });
    }
    return (parsed?.data ?? {}) as Row;
  };
  const asked = {
    params: route.params?.safeParse(params).success === false ? nothing() : read(route.params, params),
    query: read(route.query, nestFields(Object.fromEntries(url.searchParams))),
    body: isJson(route.body) ? read(route.body, await jsonOf(request)) : {},
  };
  const { authorization, cookie } = request.headers;
  const user = request.headers["x-mock-user"]?.toString() ?? userOf(authorization ?? sessionIn(cookie));
  const accept = request.headers.accept ?? "";
  if (route.list?.live !== undefined && accept.startsWith("text/event-stream")) {
    // Nothing moves here, nor has for a day.
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(`event: listening\ndata: {"quietMs":86400000}\n\n`);
    return;
  }
  if (route.list !== undefined && exportFormatOf(accept) !== undefined) {
    await fileOf(route, asked.query, (query) => mock.answer(route, { ...asked, query }, user), request, response);
    return;
  }
  sendReply(route, mock.answer(route, asked, user), response);
}

function sendReply({ reply, etag, sets }: Route, answered: unknown, response: ServerResponse): void {
  if (isJson(reply)) {
    const body = reply.parse(answered) as Row;
    // Of all cookies only a session's matters here: by it a page that is loaded again is the same user's.
    const token = body["accessToken"];
    const kept = typeof token === "string" ? token : "";
    const names = Object.keys(sets?.cookies ?? {});
    response.setHeader(
      "set-cookie",
      names.map((name) => `${name}=${kept}; Path=/; HttpOnly; SameSite=Strict`),
    );
    if (etag !== undefined) response.setHeader("etag", writeEntityTag(body[etag] as string | number));
    response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(body));
  } else if (reply.kind === "redirect") {
    response.writeHead(302, { location: "https://lantern-tea.example/" }).end();
  } else {
    const contentType = reply.kind === "events" ? "text/event-stream" : "text/plain; charset=utf-8";
    response.writeHead(200, { "content-type": contentType }).end(reply.kind === "events" ? ":\n\n" : "success");
  }
}

function sessionIn(cookies: string | undefined): string | undefined {
  return new RegExp(`(?:^|; )${sessionCookie}=([^;]+)`).exec(cookies ?? "")?.[1];
}

/** What can't be an id is the id of nothing. */
function nothing(): never {
  throw notFound();
}

/** @throws Fault `kit.invalid_input` for a code that no route answers with */
function faultOf(code: string, contracts: MockServerOptions["contracts"]): Fault {
  const definition = faultsOf(contracts).find((each) => each.code === code);
  if (definition === undefined)
    return invalidInput({ errors: [{ field: "x-mock-fault", message: `no fault is called ${code}` }] });
  return new Fault(definition, definition.isPassing ? { seconds: 30 } : {});
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  const text = Buffer.concat(chunks).toString();
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    throw malformedJson();
  }
}

/** Hands a call on to the server that the address names, and its answer back, as they come. */
function handOn(request: IncomingMessage, response: ServerResponse, to: URL): Promise<void> {
  return new Promise((done, fail) => {
    const headers = { ...request.headers, host: to.host };
    const passed = requestOf(to, { method: request.method, headers }, (answered) => {
      response.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(response);
      answered.once("end", done).once("error", fail);
    });
    passed.once("error", fail);
    response.once("close", () => passed.destroy());
    request.pipe(passed);
  });
}

function sendProblem(error: unknown, request: IncomingMessage, response: ServerResponse): void {
  // Whoever asked is gone.
  if (response.destroyed) return;
  const fault = toFault(error, 0);
  const problem = toProblem(fault, languageOf(request.headers["accept-language"]), "mock");
  if (fault.definition.status === 500) process.stderr.write(`${String(fault.cause ?? error)}\n`);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (fault.retryAfterSeconds !== undefined) response.setHeader("retry-after", String(fault.retryAfterSeconds));
  response.writeHead(problem.status, { "content-type": problemType }).end(JSON.stringify(problem));
}
