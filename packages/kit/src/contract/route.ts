import { type Audited, type AuditedModule, auditedTable } from "./audited.ts";
import type { z } from "zod";
import {
  isJson,
  type Body,
  type Bytes,
  type BytesOut,
  type ByteStream,
  type EventOut,
  type EventShapes,
  type EventStream,
  type FileShapes,
  type Multipart,
  type Redirect,
  type RedirectOut,
  type Reply,
  type StreamOut,
  type UploadedFile,
} from "./body.ts";
import type { BulkInfo } from "./bulk-info.ts";
import type { EntityTag } from "./entity-tag.ts";
import type { FaultFactory } from "./fault.ts";
import type { ImportSpec } from "./importing.ts";
import type { ListInfo } from "./list-info.ts";
import { publicAccess, type Access } from "./permission.ts";

export type HttpMethod = "get" | "post" | "put" | "patch" | "delete";

/**
 * What a call does to the world, the strongest that holds: it reads, it changes what we keep, it reaches people (a
 * message goes out), it spends money or a quota, or it destroys what can't be brought back.
 */
export const effects = ["read", "change", "reach_people", "spend", "destroy"] as const;
export type Effect = (typeof effects)[number];

/** How often one caller may call. `address`: where the call comes from; `key`: the session or key that it brings. */
export interface Limit {
  readonly perMinute: number;
  readonly by: "address" | "account" | "key";
}

/** A cookie that a reply may set. It is for the server alone (HttpOnly), and Secure wherever the server is on https. */
export interface CookieShape {
  readonly maxAgeSeconds?: number;
  readonly sameSite?: "strict" | "lax" | "none";
  /** Lets scripts of the page read it. */
  readonly readableByScripts?: true;
}

/** What a reply carries besides its body. */
export interface Sets {
  readonly headers?: z.ZodObject;
  readonly cookies?: Readonly<Record<string, CookieShape>>;
}

export interface RouteSpec {
  /** One sentence for the API's page: what the call does, and what is special about it. */
  readonly summary: string;
  readonly access: Access;
  readonly effect?: Effect;
  /** Stands at the root of the server instead of under `/api`: addresses that people see, or that others prescribe. */
  readonly root?: true;
  /** Fields of the path, written `:name` in it. */
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** Headers that the handler is given, by their names; HTTP doesn't tell upper from lower case. */
  readonly headers?: z.ZodObject;
  readonly cookies?: z.ZodObject;
  readonly body?: Body;
  readonly reply: Reply;
  readonly sets?: Sets;
  /** What can go wrong besides what any route may answer. */
  readonly faults?: readonly FaultFactory[];
  /** A call that is repeated with the same `Idempotency-Key` happens once and is answered as it was the first time. */
  readonly idempotent?: true;
  /** The field of the reply that is its version: sent as ETag. */
  readonly etag?: string;
  /** The caller has to say which version it has seen (If-Match); the handler is given it as `ifMatch`. */
  readonly ifMatch?: true;
  /** People follow its address: to a browser a refusal is a small page in its language, which may lead `back`. */
  readonly forPeople?: true | { readonly back: string };
  /** The handler is told whether only the headers are asked for (`isHead`): what it would count isn't to be counted. */
  readonly tellsHead?: true;
  /**
   * What many could ask for to the harm of others costs whoever asks some computing (`kit/contract/proof.ts`).
   * `always`: no call without a proof; `asked`: the handler is given what was sent as `proof`, and says when it is due.
   */
  readonly proofOfWork?: "always" | "asked";
  /** It answers also while the server is closed for work on it: what would be lost otherwise, and sign-ins. */
  readonly duringMaintenance?: true;
  /**
   * It answers also in a tenant that reads only, though it changes something: one's own session and ways to sign in,
   * and what belongs to reading, such as exports.
   */
  readonly whileReadOnly?: true;
  /** Whoever is held back (`Caller.heldBack`) may call it: what they have to do first, and signing out. */
  readonly whileHeldBack?: true;
  /** Nobody calls it in another's name: it changes who may sign in or what they may do, or shows a secret. */
  readonly byThemselves?: true;
  readonly limit?: Limit;
  /** 512 KiB, if left out; of a `byteStream` 100 MiB. */
  readonly bodyLimitBytes?: number;
  /** 30 s, if left out; ten minutes for streams. Event streams have none. */
  readonly timeLimitMs?: number;
  /** What `list()` knows of its rows. */
  readonly list?: ListInfo;
  /** What `bulk()` knows of the rows that it does something to. */
  readonly bulk?: BulkInfo;
  /** Rows of files can be handed to it, one after the other. */
  readonly imports?: ImportSpec;
}

export type Route<Spec extends RouteSpec = RouteSpec> = Spec & {
  readonly method: HttpMethod;
  readonly path: string;
  readonly effect: Effect;
  /** `<module>.<key>`, set by `contract()`. */
  readonly id: string;
};

type Shape<R, Part extends string> = R extends { readonly [P in Part]: infer S extends z.ZodType } ? S : undefined;
type Output<S> = S extends z.ZodType ? z.output<S> : unknown;
type Simplify<T> = { [Key in keyof T]: T[Key] };

type FilesOut<Files extends FileShapes> = {
  -readonly [Name in keyof Files]: Files[Name] extends { readonly optional: true }
    ? UploadedFile | undefined
    : UploadedFile;
};
type BodyOf<R> = R extends { readonly body: infer B }
  ? B extends z.ZodType
    ? z.output<B>
    : B extends Bytes
      ? { bytes: Uint8Array; contentType: string }
      : B extends ByteStream
        ? { stream: AsyncIterable<Uint8Array>; contentType: string }
        : B extends Multipart<infer Fields, infer Files>
          ? z.output<Fields> & FilesOut<Files>
          : unknown
  : unknown;

/** What a handler is given: path, query and body parsed and in one object, as the typed client takes them. */
export type Flat<R extends Route> = Simplify<
  Output<Shape<R, "params">> &
    Output<Shape<R, "query">> &
    BodyOf<R> &
    (Shape<R, "headers"> extends z.ZodType ? { headers: Output<Shape<R, "headers">> } : unknown) &
    (Shape<R, "cookies"> extends z.ZodType ? { cookies: Output<Shape<R, "cookies">> } : unknown) &
    (R extends { readonly ifMatch: true } ? { ifMatch: EntityTag } : unknown) &
    (R extends { readonly proofOfWork: "asked" } ? { proof: string | undefined } : unknown) &
    (R extends { readonly tellsHead: true } ? { isHead: boolean } : unknown) &
    (R["reply"] extends EventStream ? { lastEventId: string | undefined } : unknown)
>;

type ReplyOf<S> = S extends z.ZodType
  ? z.input<S>
  : S extends Bytes
    ? BytesOut
    : S extends ByteStream
      ? StreamOut
      : S extends Redirect
        ? RedirectOut
        : S extends EventStream<infer Events extends EventShapes>
          ? AsyncIterable<EventOut<Events>>
          : never;
type SetsOf<S> = (S extends { readonly headers: infer Headers extends z.ZodType }
  ? { readonly headers: z.input<Headers> }
  : unknown) &
  (S extends { readonly cookies: infer Cookies }
    ? { readonly cookies: { readonly [Name in keyof Cookies]?: string | null } }
    : unknown);

/**
 * What a handler must return. It is parsed too, and fields that the contract doesn't name never leave the server. With
 * `sets`, the body stands beside the headers and cookies; a cookie that is null is taken away.
 */
export type Out<R extends Route> = R extends { readonly sets: infer S extends Sets }
  ? Simplify<{ readonly body: ReplyOf<R["reply"]> } & SetsOf<S>>
  : ReplyOf<R["reply"]>;

/** A misspelt key of a route is an error, not something that never takes effect. */
type Known<Spec> = { readonly [Key in Exclude<keyof Spec, keyof RouteSpec>]: never };

function builder<Base extends RouteSpec>(method: HttpMethod) {
  return <Spec extends Base>(path: `/${string}`, spec: Spec & Known<Spec>): Route<Spec> => ({
    ...(spec as Spec),
    effect: spec.effect ?? "read",
    method,
    path,
    id: "",
  });
}

type ReadSpec = RouteSpec & { readonly effect?: "read"; readonly idempotent?: never; readonly ifMatch?: never };
type ChangeSpec = RouteSpec & { readonly effect: Effect };

/** One object per route: validation, compile-time checks, permission, faults, documentation and client come from it. */
export const route = {
  get: builder<ReadSpec>("get"),
  post: builder<ChangeSpec>("post"),
  put: builder<ChangeSpec>("put"),
  patch: builder<ChangeSpec>("patch"),
  delete: builder<ChangeSpec>("delete"),
};

export type Contract = Readonly<Record<string, Route>>;

const moduleNames = new WeakMap<Contract, string>();
const audited = new WeakMap<Contract, Audited>();

/**
 * Names the routes of a module.
 *
 * @param given the module's name; with `audits()`, also which of its tables the audit log follows
 * @throws Error if a route contradicts itself: a path and its params, a field in two parts of one request (the typed
 *   client takes them flat), an idempotent route that nobody could repeat …
 */
export function contract<Routes extends Contract>(given: string | AuditedModule, routes: Routes): Routes {
  const { module, audits } = typeof given === "string" ? { module: given, audits: {} } : given;
  // Whoever shows a list knows of each row what the audit log calls it.
  const things = Object.entries(audits).flatMap(([table, { of, list }]) => (of === undefined ? [[list, table]] : []));
  const thingOf = new Map(things as [string, string][]);
  const named = Object.entries(routes).map(([key, value]) => {
    const id = `${module}.${key}`;
    const wrong = contradiction(value);
    if (wrong !== undefined) throw new Error(`${id}: ${wrong}`);
    // Into the list itself, which bulk routes know as the very same.
    if (value.list !== undefined && thingOf.has(key)) Object.assign(value.list, { thing: thingOf.get(key) });
    return [key, { ...value, id }] as const;
  });
  for (const [key, { imports, access }] of Object.entries(routes)) {
    if (imports === undefined) continue;
    const wrong = contradictionOfImport(routes, routes[key] as Route, imports);
    if (wrong !== undefined) throw new Error(`${module}.${key}: ${wrong}`);
    Object.assign(routes[imports.list]?.list ?? {}, { importedBy: { route: `${module}.${key}`, access } });
  }
  const made = Object.freeze(Object.fromEntries(named)) as Routes;
  moduleNames.set(made, module);
  const followed = Object.entries(audits).map(([table, spec]) => {
    return [table, auditedTable(table, spec, spec.list === undefined ? undefined : made[spec.list])] as const;
  });
  audited.set(made, Object.fromEntries(followed));
  return made;
}

/** The tables of a contract's module that the audit log follows. */
export function auditedBy(contract: Contract): Audited {
  return audited.get(contract) ?? {};
}

/** The module that a contract is of. */
export function moduleOf(contract: Contract): string {
  const name = moduleNames.get(contract);
  if (name === undefined) throw new Error("this contract was not made by contract()");
  return name;
}

/** Where a route stands on the server. */
export function pathOf(route: Route): string {
  return route.root ? route.path : `/api${route.path}`;
}

/** The names of an object shape's fields; none for any other shape. */
export function fieldsOf(shape: Body | undefined): string[] {
  if (shape === undefined) return [];
  if (isJson(shape)) return Object.keys(propertiesOf(shape));
  if (shape.kind === "multipart") return [...Object.keys(propertiesOf(shape.fields)), ...Object.keys(shape.files)];
  return shape.kind === "bytes" ? ["bytes", "contentType"] : ["stream", "contentType"];
}

/** The fields of zod's object, or of the JSON Schema that stands for it where contracts are data (`data.ts`). */
function propertiesOf(shape: z.ZodType): object {
  const { shape: fields, properties } = shape as { readonly shape?: object; readonly properties?: object };
  return fields ?? properties ?? {};
}

/** Names that stand for something else in a handler's input. */
const reserved: readonly string[] = ["headers", "cookies", "ifMatch", "isHead", "lastEventId", "proof"];

function contradiction(route: Route): string | undefined {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? "").toSorted();
  const declared = fieldsOf(route.params).toSorted();
  if (inPath.join() !== declared.join()) return `path has [${inPath}], params declare [${declared}]`;
  const all = [...declared, ...fieldsOf(route.query), ...fieldsOf(route.body)];
  const twice = all.find((name, index) => all.indexOf(name) !== index);
  if (twice !== undefined) return `the field ${twice} stands in two parts of the request`;
  const taken = all.find((name) => reserved.includes(name));
  if (taken !== undefined) return `a field can't be called ${taken}`;
  if (route.method === "get" && route.effect !== "read") return "a GET only reads";
  if (route.method === "get" && route.body !== undefined) return "a GET has no body";
  if (route.method !== "get" && route.tellsHead) return "a HEAD is answered as a GET is";
  return contradictionOfPromises(route);
}

function contradictionOfImport(
  routes: Contract,
  { body, method }: Route,
  { list, knownBy = [], update, without = [], synonyms = {}, examples = {} }: ImportSpec,
): string | undefined {
  if (routes[list]?.list === undefined) return `imports into ${list}, which is no list of its contract`;
  if (method !== "post" || !isJson(body)) return "only a POST with a JSON body takes rows of a file";
  const fields = fieldsOf(body);
  const named = [...knownBy, ...without, ...Object.keys(synonyms), ...Object.keys(examples)];
  const unknown = named.find((name) => !fields.includes(name));
  if (unknown !== undefined) return `its import names ${unknown}, which its body doesn't have`;
  if (update === undefined) return undefined;
  const changed = routes[update.route];
  if (changed === undefined || !fieldsOf(changed.params).includes(update.id))
    return `rows are updated by ${update.route}, which takes no ${update.id}`;
  // Whatever a row says of a thing that is there is said to it, or names it: nothing of a file is lost unseen.
  const taken = new Set([...fieldsOf(changed.body), ...knownBy, ...without]);
  const lost = fields.find((name) => !taken.has(name));
  return lost === undefined ? undefined : `${update.route} doesn't take ${lost}, which a row may have`;
}

function contradictionOfPromises(route: Route): string | undefined {
  const isPublic = route.access === publicAccess;
  const { idempotent, limit, etag, body, reply } = route;
  if (idempotent && isPublic) return "idempotent needs an account: keys are kept per account";
  if (idempotent && !((body === undefined || isJson(body)) && isJson(reply)))
    return "idempotent needs JSON both ways: the reply is kept and sent again";
  if (limit !== undefined && limit.by !== "address" && isPublic) return `nobody signs in, so no limit by ${limit.by}`;
  if (limit !== undefined && !(limit.perMinute > 0)) return "a limit is above zero";
  if (etag !== undefined && !(isJson(reply) && "shape" in reply && etag in (reply.shape as object)))
    return `the reply has no field ${etag} for the ETag`;
  return undefined;
}
