import { Module, type Type } from "@nestjs/common";
import type { EventDefinition } from "../contract/event.ts";
import type { NotificationKind } from "../contract/notification.ts";
import { moduleOf, type Contract, type Flat, type Out, type Route } from "../contract/route.ts";
import type { Setting } from "../contract/setting.ts";
import type { Ctx } from "./ctx.ts";
import type { EventHandler, PublishedHandler, PublishedOptions, SubscribeOptions } from "./events.ts";
import type { Extension, Extensions } from "./extensions.ts";
import { controllerOf, named, pascalCase } from "./http/controllers.ts";
import type { RouteHandler, Routes } from "./http/routes.ts";
import type { JobHandler } from "./job-runner.ts";
import type { JobDefinition } from "./jobs.ts";
import type { InsideQueue, OutsideQueue } from "./queue/definition.ts";
import type { Retention } from "./retention.ts";
import type { Runtime } from "./runtime.ts";

type Services = Readonly<Record<string, Type>>;
type Instances<S extends Services> = { readonly [Name in keyof S]: InstanceType<S[Name]> };

/** A reply without fields may be nothing at all. */
type Returned<R extends Route> = Out<R> | (Record<string, never> extends Out<R> ? void : never);
/** A service's method for each route of a contract: it takes the input flat and returns what the reply is made of. */
export type RouteHandlers<C extends Contract> = {
  readonly [Key in keyof C]: (ctx: Ctx, input: Flat<C[Key]>) => Promise<Returned<C[Key]>> | Returned<C[Key]>;
};
/** Refuses keys that the contract doesn't have. */
type Only<Given, Known> = { readonly [Key in Exclude<keyof Given, keyof Known>]: never };

/** All the wiring of a module. Methods are bound to their services; names come out as `<module>.<key>`. */
export interface Wiring<C extends Contract, S extends Services, R extends RouteHandlers<C>> {
  /** Every class that Nest makes for this module. */
  readonly services: S;
  /** The modules whose services these ask for in their constructors. */
  readonly uses?: readonly ModuleDefinition[];
  readonly routes: (services: Instances<S>) => R & Only<R, C>;
  /** What listens to events. The key is the handler's stable name: its deliveries lie in the log by it. */
  readonly handlers?: (services: Instances<S>) => Readonly<Record<string, Handling>>;
  readonly jobs?: (services: Instances<S>) => readonly JobBinding[];
  readonly schedules?: (services: Instances<S>) => Readonly<Record<string, Schedule>>;
  /** What a tenant can have at times of its own: `runtime.schedules.set(ctx, "<module>.<key>", { cron, timeZone })`. */
  readonly tenantSchedules?: (services: Instances<S>) => Readonly<Record<string, (ctx: Ctx) => Promise<void>>>;
  /** What works off the module's own tasks, which `ctx.queueTask("<module>.<key>", …)` puts there. */
  readonly queues?: (services: Instances<S>) => Readonly<Record<string, QueueBinding>>;
  /** What it gives to the extension points of modules below it. */
  readonly extensions?: (services: Instances<S>) => Readonly<Record<string, Extension>>;
  /** Events of its own that others outside may hear of: webhooks and the relay send them on. */
  readonly publishes?: readonly EventDefinition<unknown>[];
  readonly settings?: readonly Setting<unknown>[];
  /** What it tells people of. */
  readonly notifies?: readonly NotificationKind<unknown>[];
  /** What tenants keep for some days only; each has a setting of its own. */
  readonly keeps?: readonly Retention[];
}

/** A module, as the registry loads it. */
export interface ModuleDefinition {
  readonly name: string;
  readonly contract: Contract;
  /** Those of what it keeps too. */
  readonly settings: readonly Setting<unknown>[];
  readonly keeps: readonly Retention[];
  readonly notifies: readonly NotificationKind<unknown>[];
  readonly publishes: readonly EventDefinition<unknown>[];
  readonly nest: Type;
  /** Connects the services that Nest has made with everything that calls them. */
  wire(server: WiredServer): void;
}

export interface WiredServer {
  readonly runtime: Runtime;
  readonly routes: Routes;
  readonly extensions: Extensions;
  get(service: Type): object;
}

/** Declares a module: its services, and what of them serves which route, listens to which event, runs when. */
export function defineModule<C extends Contract, S extends Services, R extends RouteHandlers<C>>(
  contract: C,
  wiring: Wiring<C, S, R>,
): ModuleDefinition {
  const name = moduleOf(contract);
  const { uses = [], settings = [], keeps = [], notifies = [], publishes = [] } = wiring;
  const services = Object.values(wiring.services);
  const nest = named(`${pascalCase(name)}Module`, () => ({}));
  Module({
    imports: uses.map((each) => each.nest),
    controllers: [controllerOf(contract)],
    providers: services,
    exports: services,
  })(nest);
  return {
    name,
    contract,
    settings: [...settings, ...keeps.map(({ setting }) => setting)],
    keeps,
    notifies,
    publishes,
    nest,
    wire: (server) => wire(name, contract, wiring, server),
  };
}

function wire<C extends Contract, S extends Services, R extends RouteHandlers<C>>(
  name: string,
  contract: C,
  wiring: Wiring<C, S, R>,
  { runtime, routes, extensions, get }: WiredServer,
): void {
  const services = Object.fromEntries(
    Object.entries(wiring.services).map(([key, service]) => [key, withBoundMethods(get(service))]),
  ) as Instances<S>;
  const named = <Value>(made: Readonly<Record<string, Value>> | undefined): [string, Value][] =>
    Object.entries(made ?? {}).map(([key, value]) => [`${name}.${key}`, value]);

  const handlers = wiring.routes(services) as Readonly<Record<string, RouteHandler | undefined>>;
  for (const [key, route] of Object.entries(contract)) {
    const handler = handlers[key];
    if (handler === undefined) throw new Error(`${route.id} is served by nobody`);
    routes.bind(route, handler);
  }
  const unknown = Object.keys(handlers).find((key) => !(key in contract));
  if (unknown !== undefined) throw new Error(`${name} serves ${unknown}, which its contract doesn't have`);
  runtime.publish(wiring.publishes ?? []);
  for (const [handler, subscriptions] of named(wiring.handlers?.(services))) {
    if ("runPublished" in subscriptions) {
      runtime.onPublished(handler, subscriptions.runPublished, subscriptions.options);
      continue;
    }
    for (const { event, run, options } of "event" in subscriptions ? [subscriptions] : subscriptions)
      runtime.on(event, handler, run, options);
  }
  for (const { definition, run } of wiring.jobs?.(services) ?? []) runtime.job(definition, run);
  for (const [schedule, { cron, run, timeZone }] of named(wiring.schedules?.(services)))
    runtime.schedule(schedule, cron, run, timeZone === undefined ? {} : { timeZone });
  for (const [schedule, run] of named(wiring.tenantSchedules?.(services)))
    runtime.schedules.addForTenants(schedule, run);
  for (const [queue, definition] of named(wiring.queues?.(services))) runtime.queue({ ...definition, name: queue });
  for (const [extension, given] of named(wiring.extensions?.(services))) extensions.add(extension, given);
}

/** The service itself, but that a method taken from it stays its own. */
function withBoundMethods(service: object): object {
  return new Proxy(service, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

export interface Subscription {
  readonly event: EventDefinition<unknown>;
  readonly run: EventHandler<unknown>;
  readonly options?: SubscribeOptions;
}

/** What a handler listens to: one event or several, or all that modules publish. */
export type Handling = Subscription | readonly Subscription[] | PublishedSubscription;

export interface PublishedSubscription {
  readonly runPublished: PublishedHandler;
  readonly options?: PublishedOptions;
}

/** Listens to all that modules publish, for whoever sends it on. */
export function onPublished(run: PublishedHandler, options?: PublishedOptions): PublishedSubscription {
  return { runPublished: run, ...(options === undefined ? {} : { options }) };
}

/** Listens to an event. The options are the handler's; where it listens to several, those of the first hold. */
export function on<Payload>(
  event: EventDefinition<Payload>,
  run: EventHandler<Payload>,
  options?: SubscribeOptions<NoInfer<Payload>>,
): Subscription {
  return { event, run, ...(options === undefined ? {} : { options }) } as Subscription;
}

export interface JobBinding {
  readonly definition: JobDefinition<unknown>;
  readonly run: JobHandler<unknown>;
}

/** Says what runs a job. */
export function runs<Payload>(definition: JobDefinition<Payload>, run: JobHandler<Payload>): JobBinding {
  return { definition, run } as JobBinding;
}

export interface Schedule {
  readonly cron: string;
  readonly run: () => Promise<void>;
  /** Whose clock the times are of; UTC unless set. */
  readonly timeZone?: string;
}

/** Runs at the times of `expression`: five fields, UTC unless a zone is named. */
export function cron(expression: string, run: () => Promise<void>, timeZone?: string): Schedule {
  return { cron: expression, run, ...(timeZone === undefined ? {} : { timeZone }) };
}

/** Runs once a day, at a time like `03:17`, UTC. */
export function daily(time: `${number}:${number}`, run: () => Promise<void>): Schedule {
  const [hour, minute] = time.split(":").map(Number);
  return { cron: `${minute} ${hour} * * *`, run };
}

export type QueueBinding = Omit<InsideQueue, "name"> | Omit<OutsideQueue, "name">;

/** Works off tasks about the module's own rows: inside one transaction with them, or outside, settled afterwards. */
export function queue<Item, Result>(
  definition: Omit<InsideQueue<Item>, "name"> | Omit<OutsideQueue<Item, Result>, "name">,
): QueueBinding {
  return definition;
}

/** For replies that are one list: `{ items }`. */
export function items<Input extends readonly unknown[], Item>(list: (...input: Input) => Promise<Item[]>) {
  return async (...input: Input): Promise<{ items: Item[] }> => ({ items: await list(...input) });
}
