import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import fastifyStatic from "@fastify/static";
import type { ArgumentsHost, ExceptionFilter, Type } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter, type NestFastifyApplication } from "@nestjs/platform-fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import { notFound } from "../../contract/faults.ts";
import type { Contract } from "../../contract/route.ts";
import type { Runtime } from "../runtime.ts";
import { openApi } from "./openapi.ts";
import { operationPaths, serveOperations } from "./operations.ts";
import { languageOfRequest, Pipeline, traceIdOf } from "./pipeline.ts";
import { problemType, toFault, toProblem } from "./problem.ts";
import { describeRequest, logRequests } from "./request-log.ts";

/** Enough for every form and for WeChat's pushes, which stay far below; files go another way. */
export const bodyLimitBytes = 512 * 1024;

export interface ServerOptions {
  readonly runtime: Runtime;
  readonly contracts: Readonly<Record<string, Contract>>;
  readonly version: string;
  /** A folder of static pages to serve at `/`; unknown paths get its index.html. */
  readonly consoleFolder: string | undefined;
}

/** Builds the HTTP side around a Nest module. It listens when the caller says so. */
export async function createServer(root: Type | object, options: ServerOptions): Promise<NestFastifyApplication> {
  const { runtime } = options;
  const adapter = new ProblemAdapter({
    bodyLimit: bodyLimitBytes,
    trustProxy: "loopback",
    genReqId: () => randomUUID(),
    // What Fastify refuses before any hook runs: a broken escape in the path, for one.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      void sendProblem(error, request, reply),
  });
  const app = await NestFactory.create<NestFastifyApplication>(root as Type, adapter, {
    bodyParser: false,
    logger: false,
    abortOnError: false,
  });
  app.setGlobalPrefix("api");
  app.useGlobalInterceptors(app.get(Pipeline));
  app.useGlobalFilters(new ProblemFilter());
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  logRequests(fastify, runtime.log, runtime.metrics);
  fastify.addHook("onRequest", async (request, reply) => {
    describeRequest(request, { traceId: traceIdOf(request) });
    // A worker answers those only who ask how it is.
    if (runtime.env.ROLE === "worker" && !operationPaths.has(request.url)) throw notFound();
    reply.header("x-content-type-options", "nosniff");
    reply.header("referrer-policy", "same-origin");
    reply.header("x-trace-id", traceIdOf(request));
    // The API's page is swagger-ui, which sets style attributes; the console needs the same for its poppers.
    reply.header(
      "content-security-policy",
      "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    );
  });
  fastify.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  await documentation(adapter, options);
  if (options.consoleFolder !== undefined) await pages(adapter, options.consoleFolder);
  else fastify.setNotFoundHandler((request, reply) => sendProblem({ statusCode: 404 }, request, reply));
  const { env, lifecycle, metrics } = runtime;
  serveOperations(fastify, { env, lifecycle, metrics, version: options.version });
  return app;
}

/** The console's files; any address that a browser asks for and that isn't one of them is a page of the console. */
async function pages(to: FastifyAdapter, folder: string): Promise<void> {
  const instance = to.getInstance();
  await instance.register(fastifyStatic, {
    root: folder,
    prefix: "/",
    wildcard: false,
    // Built files carry a hash in their name; the page that names them, and a picture without one, are asked for anew.
    setHeaders: (reply, path) => {
      void reply.header(
        "cache-control",
        path.includes("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      );
    },
  });
  instance.setNotFoundHandler((request, reply) => {
    const page =
      request.method === "GET" && !request.url.startsWith("/api") && /text\/html/.test(request.headers.accept ?? "");
    if (page) return reply.header("cache-control", "no-cache").sendFile("index.html");
    return sendProblem({ statusCode: 404 }, request, reply);
  });
}

/** Nest would set its own handlers for what Fastify refuses and for unknown routes; ours say more. */
class ProblemAdapter extends FastifyAdapter {
  override setErrorHandler(): ReturnType<FastifyAdapter["setErrorHandler"]> {
    return this.getInstance();
  }
  override setNotFoundHandler(): ReturnType<FastifyAdapter["setNotFoundHandler"]> {
    return this.getInstance();
  }
}

async function documentation(adapter: FastifyAdapter, { contracts, version, runtime }: ServerOptions): Promise<void> {
  const fastify = adapter.getInstance();
  const document = JSON.stringify(openApi(contracts, { version, url: runtime.env.PUBLIC_URL }));
  fastify.get("/api/openapi.json", async (_request, reply) => reply.type("application/json").send(document));
  const root = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  await fastify.register(fastifyStatic, { root, prefix: "/api/docs/assets/", decorateReply: false, index: false });
  fastify.get("/api/docs", async (_request, reply) => reply.type("text/html").send(docsPage));
  fastify.get("/api/docs/start.js", async (_request, reply) => reply.type("text/javascript").send(docsScript));
}

const docsPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Zhanggui API</title>
<link rel="stylesheet" href="/api/docs/assets/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="/api/docs/assets/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
`;
const docsScript = `SwaggerUIBundle({ url: "/api/openapi.json", dom_id: "#api", deepLinking: true, docExpansion: "none" });\n`;

class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const fault = toFault(error, bodyLimitBytes);
  const traceId = traceIdOf(request);
  const isOurs = fault.definition.status >= 500;
  describeRequest(request, { traceId, code: fault.code, ...(isOurs ? { err: fault.cause ?? fault } : {}) });
  if (fault.definition.status === 401) reply.header("www-authenticate", "Bearer");
  return reply
    .status(fault.definition.status)
    .header("content-type", problemType)
    .header("x-trace-id", traceId)
    .send(JSON.stringify(toProblem(fault, languageOfRequest(request), traceId)));
}
