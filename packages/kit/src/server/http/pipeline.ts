import { Inject, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from "@nestjs/common";
import type { FastifyReply, FastifyRequest } from "fastify";
import { mergeMap, type Observable } from "rxjs";
import type { z } from "zod";
import { en, zhCN } from "zod/locales";
import {
  badRequest,
  forbidden,
  invalidInput,
  malformedJson,
  notFound,
  unauthenticated,
  unsupportedMediaType,
} from "../../contract/faults.ts";
import { publicAccess, authenticated } from "../../contract/permission.ts";
import { RawReply } from "../../contract/raw.ts";
import type { Route } from "../../contract/route.ts";
import { languageOf, translate } from "../../contract/text.ts";
import type { Actor } from "../ctx.ts";
import { newTraceId, Runtime } from "../runtime.ts";
import { prepare, routeOf } from "./handles.ts";
import type { FieldError } from "./problem.ts";
import { describeRequest } from "./request-log.ts";

/** Who calls, as the access module knows it. */
export interface Caller {
  readonly tenantId: string;
  readonly actor: Actor;
}

/** Provided by the access module: the kit knows tokens only as text. */
export interface Authenticator {
  /** @throws Fault `kit.unauthenticated` or `kit.session_expired` */
  authenticate(accessToken: string): Promise<Caller>;
}
export const authenticatorToken = Symbol("Authenticator");

/** The tenant of routes that nobody has signed in for; such a ctx reaches no tenant's rows. */
const noTenant = "00000000-0000-0000-0000-000000000000";
const visitor: Actor = { kind: "visitor", id: "visitor", name: "visitor", permissions: new Set() };

/** What every route passes through: who calls, may they, is the input right; and on the way out, is the reply. */
@Injectable()
export class Pipeline implements NestInterceptor {
  readonly #runtime: Runtime;
  readonly #authenticator: Authenticator;

  constructor(@Inject(Runtime) runtime: Runtime, @Inject(authenticatorToken) authenticator: Authenticator) {
    this.#runtime = runtime;
    this.#authenticator = authenticator;
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const route = routeOf(context);
    if (route === undefined) return next.handle();
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    describeRequest(request, { route: route.id });
    const { tenantId, actor } = await this.#callerOf(route, request);
    const ctx = this.#runtime.ctx(tenantId, { actor, traceId: traceIdOf(request) });
    prepare(request, { ctx, input: readInput(route, request) });
    return next.handle().pipe(
      mergeMap(async (reply: unknown) => {
        const checked = await route.reply.parseAsync(reply);
        return route.raw ? sendRaw(context, RawReply.parse(checked)) : checked;
      }),
    );
  }

  async #callerOf(route: Route, request: FastifyRequest): Promise<Caller> {
    if (route.access === publicAccess) return { tenantId: noTenant, actor: visitor };
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (token === undefined) throw unauthenticated();
    const caller = await this.#authenticator.authenticate(token);
    describeRequest(request, { tenantId: caller.tenantId, caller: caller.actor });
    if (route.access !== authenticated && !caller.actor.permissions.has(route.access.code)) {
      throw forbidden({ permission: route.access.code });
    }
    return caller;
  }
}

/**
 * The caller's trace (W3C Trace Context `traceparent`), or a new one; the same for the whole request. Only from callers
 * that bring a token: a visitor could write themselves into somebody's trace.
 */
export function traceIdOf(request: FastifyRequest): string {
  const carrier = request as FastifyRequest & { traceId?: string };
  const brought = request.headers.authorization === undefined ? "" : String(request.headers["traceparent"] ?? "");
  carrier.traceId ??= /^00-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(brought)?.[1] ?? newTraceId();
  return carrier.traceId;
}

function readInput(route: Route, request: FastifyRequest) {
  const errors: FieldError[] = [];
  // A NUL can only come as %00 here; no text that PostgreSQL can keep has one.
  if (request.url.includes("%00")) throw badRequest();
  const language = languageOfRequest(request);
  const { localeError } = language === "zh" ? zhCN() : en();
  const part = (schema: z.ZodType | undefined, value: unknown): unknown => {
    if (schema === undefined) return undefined;
    const parsed = schema.safeParse(value, { error: localeError });
    if (parsed.success) return parsed.data;
    const told = parsed.error.issues.map(({ path, message }) => ({
      field: path.join("."),
      message: translate(message, language),
    }));
    errors.push(...told);
    return undefined;
  };
  const params = part(route.params, request.params);
  // What can't be an id is the id of nothing.
  if (errors.length > 0) throw notFound();
  const query = part(route.query, request.query);
  const body = route.body === undefined ? undefined : part(route.body, bodyOf(route, request));
  if (errors.length > 0) throw invalidInput({ errors });
  return { params, query, body };
}

/** Bodies arrive as bytes (see server.ts), so that what isn't JSON is refused here, in our own words. */
function bodyOf(route: Route, request: FastifyRequest): unknown {
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const contentType = request.headers["content-type"] ?? "";
  if (route.raw) return { bytes, contentType };
  if (bytes.length === 0) return {};
  if (!/^application\/json\b/i.test(contentType)) throw unsupportedMediaType();
  try {
    return JSON.parse(bytes.toString("utf8"), rejectUnsafeJson) as unknown;
  } catch (cause) {
    throw malformedJson({}, { cause });
  }
}

/** A `__proto__` in a body is never meant well, and PostgreSQL can't keep a NUL in a text. */
function rejectUnsafeJson(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new SyntaxError("__proto__ as a key");
  if (key.includes("\0") || (typeof value === "string" && value.includes("\0")))
    throw new SyntaxError("a NUL in a text");
  return value;
}

function sendRaw(context: ExecutionContext, { status, contentType, body }: RawReply): string {
  const reply = context.switchToHttp().getResponse<FastifyReply>();
  reply.status(status).header("content-type", contentType);
  return body;
}

export function languageOfRequest(request: FastifyRequest) {
  return languageOf(request.headers["accept-language"]);
}
