import type { ArgumentsHost, ExceptionFilter, Type } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter, type NestFastifyApplication } from "@nestjs/platform-fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import { notFound } from "../../contract/faults.ts";
import type { Contract } from "../../contract/route.ts";
import type { Runtime } from "../runtime.ts";
import { traceIdOf } from "./call.ts";
import { assertEveryMethodHasAContract } from "./controllers.ts";
import { refuseMalformedRequests } from "./client-errors.ts";
import { contentPolicyOf } from "./content-policy.ts";
import { documentation } from "./documentation.ts";
import { pages } from "./pages.ts";
import { Lifetimes } from "./lifetimes.ts";
import { operationPaths, serveOperations } from "./operations.ts";
import { describeRequest, logRequests } from "./request-log.ts";
import type { Routes } from "./routes.ts";
import type { Extensions } from "../extensions.ts";
import { sendProblem } from "./send-problem.ts";
import { contains, isFrom, joinTrace, readNetworks } from "./trace.ts";

export interface ServerOptions {
  readonly runtime: Runtime;
  readonly routes: Routes;
  readonly extensions: Extensions;
  readonly contracts: Readonly<Record<string, Contract>>;
  readonly version: string;
  /** A folder of static pages to serve at `/`; unknown paths get its index.html. */
  readonly consoleFolder: string | undefined;
  /** How long calls that are under way may go on when the server closes. */
  readonly drainMs?: number;
}

/**
 * Builds the HTTP side around a Nest module. It listens when the caller says so.
 *
 * @throws Error for a controller's method that no contract describes
 */
export async function createServer(root: Type, options: ServerOptions): Promise<NestFastifyApplication> {
  const { runtime, routes } = options;
  const proxies = readNetworks(runtime.env.TRUSTED_PROXIES);
  const adapter = new ProblemAdapter({
    trustProxy: (address: string) => contains(proxies, address),
    // Nobody asks for it: a call has its trace.
    genReqId: () => "",
    // How long a field of a path may be is its contract's to say; a signed link is one of 115 characters.
    routerOptions: { maxParamLength: 500 },
    // What comes on a connection that was made in time is answered: whoever sent it would not try again.
    return503OnClosing: false,
    // What Fastify refuses before any hook runs: a broken escape in the path, for one.
    frameworkErrors: sendProblem,
    clientErrorHandler: refuseMalformedRequests(runtime.log),
  });
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    bodyParser: false,
    logger: false,
    abortOnError: false,
  });
  assertEveryMethodHasAContract(app);
  app.useGlobalFilters(new ProblemFilter());
  const fastify = adapter.getInstance();
  const { env, lifecycle, metrics } = runtime;
  // Before the process itself is at its deadline.
  const drainMs = options.drainMs ?? Math.max(0, env.DRAIN_SECONDS - 1) * 1000;
  const lifetimes = new Lifetimes(drainMs);
  const isSecure = runtime.env.PUBLIC_URL.startsWith("https:");
  const contentPolicy = contentPolicyOf(runtime.env.ASSETS_URL);
  const traceCallers = readNetworks(runtime.env.TRACE_CALLERS);
  fastify.decorateRequest("call", null);
  logRequests(fastify, runtime);
  fastify.addHook("onRequest", (request, reply, done) => {
    describeRequest(request, { traceId: traceIdOf(request) });
    // A worker answers those only who ask how it is.
    if (runtime.env.ROLE === "worker" && !operationPaths.has(request.url)) return done(notFound());
    reply.header("x-content-type-options", "nosniff");
    reply.header("referrer-policy", "same-origin");
    // Of this host alone: what its neighbours are reached by isn't ours to say.
    if (isSecure) reply.header("strict-transport-security", "max-age=31536000");
    reply.header("x-trace-id", traceIdOf(request));
    if (isFrom(request, traceCallers)) joinTrace(request, reply);
    reply.header("content-security-policy", contentPolicy);
    reply.header("cross-origin-opener-policy", "same-origin");
    done();
  });
  lifecycle.stopping.addEventListener("abort", () => lifetimes.endStreams(), { once: true });
  fastify.addHook("preClose", async () => lifetimes.end());
  lifetimes.watch(fastify.server);
  routes.mount(fastify, lifetimes);
  fastify.setErrorHandler(sendProblem);
  await documentation(fastify, options.contracts, { version: options.version, url: env.PUBLIC_URL });
  if (options.consoleFolder !== undefined) await pages(fastify, options.consoleFolder, env.ASSETS_URL);
  else fastify.setNotFoundHandler((request, reply) => sendProblem(notFound(), request, reply));
  serveOperations(fastify, { env, lifecycle, metrics, extensions: options.extensions, version: options.version });
  return app;
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

class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}
