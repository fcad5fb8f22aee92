import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import { isJson } from "../../contract/body.ts";
import { Fault } from "../../contract/fault.ts";
import { accountNeeded, conflict, notFound } from "../../contract/faults.ts";
import type { Route } from "../../contract/route.ts";
import type { z } from "zod";
import type { BulkInfo } from "../../contract/bulk-info.ts";
import { BulkReply } from "../../contract/bulk.ts";
import type { ListInfo } from "../../contract/list-info.ts";
import type { Ctx } from "../ctx.ts";
import type { Extensions } from "../extensions.ts";
import type { Runtime } from "../runtime.ts";
import { demandAccess } from "./asked-before.ts";
import { CallAudit } from "./audit.ts";
import { bodyLimitOf, readBody } from "./body.ts";
import { askedBy, type BulkAsked, bulkRunner, type BulkStep, isHandedOver, readAgain } from "./bulk-runs.ts";
import { callOf } from "./call.ts";
import {
  assertMay,
  assertOpen,
  assertThemselves,
  assertWritable,
  callerOf,
  type Callers,
  isOurs,
  knownCaller,
} from "./caller.ts";
import { assertOwnPage } from "./cookies.ts";
import { assertListFields } from "./field-rights.ts";
import { Idempotency } from "./idempotency.ts";
import { type BodyErrors, readInput } from "./input.ts";
import type { Lifetimes } from "./lifetimes.ts";
import { OpenStreams } from "./open-streams.ts";
import { demandProof } from "./proof-of-work.ts";
import { countCall, countKey, networkOf, type RateLimiter } from "./rate-limiter.ts";
import { describeRequest } from "./request-log.ts";
import { sendJson, sendEvents, sendReply, sendStream, toJsonReply, type ReplyOptions } from "./reply.ts";
import { exportOf, isExport, isList, type ListAsked, pageAgain, type RowPage } from "./list-export.ts";
import { type ImportRoute, isImport, type ReadRow, readRow } from "./imported-rows.ts";
import { changesOf, followedBy, isLive, liveStream } from "./list-live.ts";
import { joinTrace } from "./trace.ts";
import { traced, within } from "../tracing/spans.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    contract?: Route;
  }
}

/** A service's method, as the wiring binds it to a route. */
export type RouteHandler = (ctx: Ctx, input: never) => unknown;

export interface RoutesOptions {
  readonly runtime: Runtime;
  readonly extensions: Extensions;
  readonly limiter: RateLimiter;
  readonly reply: ReplyOptions;
  /** What else is wrong with a body that has the right shape: what the fields of a form ask of each other. */
  readonly bodyErrors?: BodyErrors | undefined;
}

/** The routes of all contracts, each with its handler, and what every request to one passes through. */
export class Routes {
  readonly #options: RoutesOptions;
  readonly #idempotency: Idempotency;
  readonly #handlers = new Map<string, RouteHandler>();
  readonly #bulkRoutes = new Map<string, BulkRoute>();
  readonly #lists = new Map<string, Route & { readonly list: ListInfo }>();
  readonly #imports = new Map<string, ImportRoute>();
  readonly #streams = new OpenStreams();
  readonly #audit = new CallAudit();
  readonly #callers: Callers;

  constructor(options: RoutesOptions) {
    this.#options = options;
    this.#callers = { extensions: options.extensions, publicUrl: options.runtime.env.PUBLIC_URL };
    this.#idempotency = new Idempotency(options.runtime);
  }

  /** @throws Error if the route has a handler already */
  bind(route: Route, handler: RouteHandler): void {
    if (this.#handlers.has(route.id)) throw new Error(`${route.id} is served twice`);
    this.#handlers.set(route.id, handler);
    if (isBulk(route)) this.#bulkRoutes.set(route.id, route);
    if (isList(route)) this.#lists.set(route.id, route);
    if (isImport(route)) this.#imports.set(route.id, route);
    const followed = followedBy(route);
    if (followed !== undefined) this.#options.runtime.changes.want(followed);
  }

  /** Ids of the routes that have a handler. */
  get bound(): ReadonlySet<string> {
    return new Set(this.#handlers.keys());
  }

  /** The route of every list, by its id. */
  get lists(): ReadonlyMap<string, Route & { readonly list: ListInfo }> {
    return this.#lists;
  }

  /** A page of a list that was asked for before, as the ctx's actor may read it now; see `pageAgain`. */
  listPage(ctx: Ctx, routeId: string, asked: ListAsked, cursor?: string): Promise<RowPage> {
    return pageAgain(ctx, this.#lists.get(routeId), this.#handlers.get(routeId), asked, cursor);
  }

  /** What every bulk route does to which list, by its id. */
  get bulkRoutes(): ReadonlyMap<string, BulkRoute> {
    return this.#bulkRoutes;
  }

  /**
   * One step of a call that was handed over, as its actor may ask for it now: behind the row `after`, or what would
   * become of all rows.
   *
   * @throws Fault of the route, `kit.forbidden`, `kit.invalid_input`; `kit.not_found` for a route that isn't there
   */
  async bulkStep(
    ctx: Ctx,
    routeId: string,
    asked: BulkAsked,
    { preview = false, ...step }: BulkStep,
  ): Promise<z.output<typeof BulkReply>> {
    const [route, handler] = [this.#bulkRoutes.get(routeId), this.#handlers.get(routeId)];
    if (route === undefined || handler === undefined) throw notFound();
    const input = readAgain(route, asked, ctx.actor, this.#options.bodyErrors);
    const given = { ...input, ...step, preview };
    return BulkReply.parse(await handler(ctx, given as never));
  }

  /** The routes that rows of files can be handed to, by their ids. */
  get imports(): ReadonlyMap<string, ImportRoute> {
    return this.#imports;
  }

  /** What a route's body makes of a row, as the ctx's actor may send it now. */
  readRow({ actor }: Ctx, route: Route, row: Readonly<Record<string, unknown>>): ReadRow {
    return readRow(route, row, actor, this.#options.bodyErrors);
  }

  /**
   * Hands a row that was read to its route's service, as a request would: with a ctx of whoever asks.
   *
   * @throws Fault of the route, `kit.forbidden` for an actor who may not call it any more
   */
  async takeRow(ctx: Ctx, route: Route, input: Readonly<Record<string, unknown>>): Promise<void> {
    demandAccess(route, ctx.actor);
    const handler = this.#handlers.get(route.id);
    if (handler === undefined) throw notFound();
    await handler(ctx, input as never);
  }

  async #handOver(ctx: Ctx, route: Route, request: FastifyRequest): Promise<z.output<typeof BulkReply>> {
    const [runner] = this.#options.extensions.of(bulkRunner);
    if (runner === undefined) throw new Error(`nobody goes on with ${route.id} by itself`);
    // It goes on with what somebody may do by then.
    if (ctx.actor.kind !== "account") throw accountNeeded();
    const { id } = await runner.value.take(ctx, route.id, askedBy(request));
    return { done: 0, passed: {}, gone: 0, failed: [], isMore: false, next: null, run: id };
  }

  /** Makes Fastify ask who calls, and whether they may, before it reads a byte of the body. */
  mount(fastify: FastifyInstance, lifetimes: Lifetimes): void {
    fastify.addHook("onRoute", (options) => {
      const route = contractOf(options);
      if (route === undefined) return;
      options.bodyLimit = bodyLimitOf(route);
      options.onRequest = async (request, reply) => {
        lifetimes.begin(route, request, reply);
        await this.#admit(route, request, reply);
      };
    });
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser("*", async (request: FastifyRequest, payload: FastifyRequest["raw"]) => {
      const route = contractOf(request.routeOptions);
      return route === undefined ? undefined : readBody(route, request, payload);
    });
  }

  /** @throws Fault `kit.unauthenticated`, `kit.session_expired`, `kit.forbidden`, `kit.read_only`, `kit.too_many_requests` */
  async #admit(route: Route, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { limiter, runtime } = this.#options;
    const { limit } = route;
    // Before it costs anything; the others count on who calls.
    if (limit?.by === "address") await countCall(route, limit, limiter, request, runtime.clock.now());
    describeRequest(request, { route: route.id });
    assertOwnPage(route, request, runtime.env.PUBLIC_URL);
    const caller = await knownCaller(route, request, this.#callers);
    callOf(request).caller = caller;
    await this.#asked(route, request, () => {
      assertMay(route, caller);
      assertThemselves(route, caller);
    });
    assertOpen(route, caller, runtime);
    assertWritable(route, caller, runtime);
    if (isOurs(caller)) joinTrace(request, reply);
    await countKey(caller, limiter, runtime.clock.now());
    if (limit !== undefined && limit.by !== "address")
      await countCall(route, limit, limiter, request, runtime.clock.now());
  }

  #ctxOf(route: Route, request: FastifyRequest): Ctx {
    const { caller, traceId, signal, id: callId } = callOf(request);
    const source = networkOf(request.ip);
    const { actor, tenantId } = caller;
    const agent = String(request.headers["user-agent"] ?? "").slice(0, 300);
    return this.#options.runtime.ctx(tenantId, { actor, traceId, source, agent, signal, act: route.id, callId });
  }

  /** Runs `check`; who is refused by it is remembered. */
  async #asked(route: Route, request: FastifyRequest, check: () => void): Promise<void> {
    try {
      check();
    } catch (error) {
      await this.#audit.refused(this.#ctxOf(route, request), route, error);
      throw error;
    }
  }

  /** Answers one request: reads its input, calls the handler, checks and sends what it returned. */
  async serve(route: Route, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { traceId, signal } = callOf(request);
    try {
      await within(this.#options.runtime.tracer, callOf(request), () => this.#answer(route, request, reply));
    } catch (error) {
      if (!reply.sent) throw error;
      // Given up before, and its line is written. That the handler stopped for it is nothing new.
      if (error === signal.reason) return;
      this.#options.runtime.log.warn({ err: error, traceId, route: route.id }, "a call that was given up failed");
    }
  }

  async #answer(route: Route, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const handler = this.#handlers.get(route.id);
    if (handler === undefined) throw new Error(`${route.id} is served by nobody`);
    const { caller } = callOf(request);
    const ctx = this.#ctxOf(route, request);
    const { bodyErrors, reply: options } = this.#options;
    const input = readInput(route, request, { secure: options.secure, bodyErrors });
    // Of what could never be done nobody's proof is used up.
    if (route.proofOfWork !== undefined) await demandProof(route, request, this.#options.extensions);
    const run = async (): Promise<unknown> => {
      try {
        const reply = isHandedOver(route, input)
          ? await this.#handOver(ctx, route, request)
          : await traced(route.id, {}, async () => handler(ctx, input as never));
        await this.#audit.done(ctx, route, input, reply);
        return reply;
      } catch (error) {
        await this.#audit.refused(ctx, route, error);
        if (this.#options.runtime.env.NODE_ENV !== "production") assertDeclared(route, error);
        throw error;
      }
    };
    const list = route.list ?? route.bulk?.list;
    if (list !== undefined) assertListFields(list, input, caller.actor);
    if (route.idempotent) {
      const { reply: kept, replayed } = await this.#idempotency.once(ctx, route, request, input, async () =>
        toJsonReply(route, await run(), this.#options.reply, caller.actor),
      );
      if (replayed) reply.header("idempotency-replayed", "true");
      if (!reply.sent) await sendJson(kept, request, reply);
      return;
    }
    if (isExport(route, request)) {
      const read = async (query: object): Promise<unknown> => handler(ctx, query as never);
      const file = await exportOf(route, input, read, request, caller.actor);
      await this.#audit.exported(ctx, input);
      if (!reply.sent) sendStream(file, request, reply);
      return;
    }
    if (isLive(route, request)) {
      this.#beginStream(route, request, reply);
      const { runtime, reply: options } = this.#options;
      const events = request.method === "HEAD" ? silence() : changesOf(route, runtime.changes, ctx);
      return sendEvents(liveStream, events, request, reply, options);
    }
    const isEvents = !isJson(route.reply) && route.reply.kind === "events";
    if (isEvents) this.#beginStream(route, request, reply);
    // A HEAD doesn't listen: nobody may be asked to begin telling.
    const returned = isEvents && request.method === "HEAD" ? silence() : await run();
    if (!reply.sent) await sendReply(route, returned, request, reply, this.#options.reply);
  }

  /**
   * A stream has no end of its own: that its listener may still listen is asked again at each sign of life.
   *
   * @throws Fault `kit.too_many_requests` for an account that has too many of them
   */
  #beginStream(route: Route, request: FastifyRequest, reply: FastifyReply): void {
    if (request.method === "HEAD") return;
    this.#streams.add(request, reply);
    // Went away already: nobody would say when to stop asking.
    if (callOf(request).signal.aborted) return;
    const { runtime, reply: options } = this.#options;
    const ask = async (): Promise<void> => assertOpen(route, await callerOf(route, request, this.#callers), runtime);
    const look = (): void => {
      ask().catch((error: unknown) => {
        // A database that is away says nothing about the listener.
        if (error instanceof Fault) callOf(request).abort(error);
      });
    };
    const timer = setInterval(look, options.heartbeatMs).unref();
    reply.raw.once("close", () => clearInterval(timer));
  }
}

type BulkRoute = Route & { readonly bulk: BulkInfo };

function isBulk(route: Route): route is BulkRoute {
  return route.bulk !== undefined;
}

/** Faults that a route has to name if its handler throws them; the kit's others may come from any route. */
const named: ReadonlySet<string> = new Set([notFound.code, conflict.code]);

/** @throws Error for a fault that callers can't learn of from the contract */
function assertDeclared(route: Route, error: unknown): void {
  if (!(error instanceof Fault)) return;
  const { code } = error.definition;
  if ((code.startsWith("kit.") && !named.has(code)) || route.faults?.some((fault) => fault.code === code)) return;
  throw new Error(`${route.id} throws ${code}: name it among the route's \`faults\``, { cause: error });
}

async function* silence(): AsyncGenerator<never, void, undefined> {}

/** What the wiring leaves with Fastify: the contract that a route is of; undefined for the server's own. */
export function contractOf({ config }: Pick<RouteOptions, "config">): Route | undefined {
  return config?.contract;
}
