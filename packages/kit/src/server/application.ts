import { Global, Module, type Type } from "@nestjs/common";
import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import type { Contract } from "../contract/route.ts";
import { Declarations } from "./declarations.ts";
import { Extensions } from "./extensions.ts";
import type { BodyErrors } from "./http/input.ts";
import { InProcessRateLimiter, type RateLimiter } from "./http/rate-limiter.ts";
import { SharedRateLimiter } from "./http/shared-rate-limiter.ts";
import { Routes } from "./http/routes.ts";
import { createServer } from "./http/server.ts";
import type { ModuleDefinition } from "./module.ts";
import { PlanLimits } from "./plan-limits.ts";
import { Runtime } from "./runtime.ts";

export interface ApplicationOptions {
  readonly runtime: Runtime;
  readonly modules: readonly ModuleDefinition[];
  readonly version: string;
  readonly consoleFolder?: string | undefined;
  readonly limiter?: RateLimiter;
  readonly heartbeatMs?: number;
  readonly drainMs?: number;
  readonly bodyErrors?: BodyErrors;
  /** Nest modules besides, for what isn't a module of this server's. */
  readonly nest?: readonly Type[];
}

/**
 * Builds one Nest application of all modules, and connects their services with routes, events, jobs and schedules. It
 * listens, and works, when the caller says so.
 *
 * @throws Error if two modules have one contract, or a route is served by nobody
 */
export async function createApplication(options: ApplicationOptions): Promise<NestFastifyApplication> {
  // Ten frames end before the controller's, which says what was asked for.
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, 20);
  const { runtime, modules, version, consoleFolder, limiter, heartbeatMs = 15_000, drainMs, nest = [] } = options;
  const extensions = new Extensions();
  const routes = new Routes({
    runtime,
    extensions,
    limiter: limiter ?? usualLimiter(runtime),
    bodyErrors: options.bodyErrors,
    reply: { secure: runtime.env.PUBLIC_URL.startsWith("https:"), heartbeatMs },
  });
  const declarations = new Declarations(modules, version);
  for (const table of Object.keys(declarations.audited)) runtime.auditedTables.add(table);
  // What every service may ask for.
  const shared = [
    { provide: Runtime, useValue: runtime },
    { provide: Declarations, useValue: declarations },
    { provide: Extensions, useValue: extensions },
    { provide: PlanLimits, useValue: new PlanLimits(runtime, extensions) },
    { provide: Routes, useValue: routes },
  ];

  @Global()
  @Module({ providers: shared, exports: shared })
  class Kit {}

  @Module({ imports: [Kit, ...modules.map((module) => module.nest), ...nest] })
  class Server {}

  const byName: Record<string, Contract> = Object.fromEntries(modules.map(({ name, contract }) => [name, contract]));
  const app = await createServer(Server, {
    runtime,
    routes,
    extensions,
    contracts: byName,
    version,
    consoleFolder,
    ...(drainMs === undefined ? {} : { drainMs }),
  });
  for (const module of modules) {
    module.wire({ runtime, routes, extensions, get: (service) => app.get<object>(service, { strict: false }) });
  }
  return app;
}

/** Limits are of all processes together where they share something. */
function usualLimiter({ shared }: Runtime): RateLimiter {
  return shared === undefined ? new InProcessRateLimiter() : new SharedRateLimiter(shared);
}
