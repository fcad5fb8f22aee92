import type { z } from "zod";
import type { FaultFactory } from "./fault.ts";
import type { Access } from "./permission.ts";

export type HttpMethod = "get" | "post" | "put" | "patch" | "delete";
type AnyShape = z.ZodType | undefined;
/** Parts of a request that are sets of named fields: the client takes them flat. */
type Fields = z.ZodObject | undefined;

export interface RouteSpec<
  Params extends Fields,
  Query extends Fields,
  Body extends AnyShape,
  Reply extends z.ZodType,
> {
  /** One sentence for the API's page: what the call does, and what is special about it. */
  readonly summary: string;
  readonly access: Access;
  /** Fields of the path, written `:name` in it. */
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly reply: Reply;
  /** What can go wrong besides what any route may answer. */
  readonly faults?: readonly FaultFactory[];
  /**
   * The body as bytes and the reply as bytes, for protocols that aren't ours. Then `body` and `reply` are `RawBody`
   * and `RawReply`.
   */
  readonly raw?: boolean;
}

export interface Route<
  Params extends Fields = Fields,
  Query extends Fields = Fields,
  Body extends AnyShape = AnyShape,
  Reply extends z.ZodType = z.ZodType,
> extends RouteSpec<Params, Query, Body, Reply> {
  readonly method: HttpMethod;
  readonly path: string;
  /** `<module>.<key>`, set by `contract()`. */
  readonly id: string;
}

type Output<Shape> = Shape extends z.ZodType ? z.output<Shape> : undefined;

/** What a handler is given: every part parsed. */
export type In<R extends Route> =
  R extends Route<infer Params, infer Query, infer Body, z.ZodType>
    ? { params: Output<Params>; query: Output<Query>; body: Output<Body> }
    : never;

/** What a handler must return. It is parsed too, and fields that the contract doesn't name never leave the server. */
export type Out<R extends Route> = z.input<R["reply"]>;

function builder(method: HttpMethod) {
  return <
    Reply extends z.ZodType,
    Params extends Fields = undefined,
    Query extends Fields = undefined,
    Body extends AnyShape = undefined,
  >(
    path: `/${string}`,
    spec: RouteSpec<Params, Query, Body, Reply>,
  ): Route<Params, Query, Body, Reply> => ({ ...spec, method, path, id: "" });
}

/** One object per route: validation, compile-time checks, permission, faults, documentation and client come from it. */
export const route = {
  get: builder("get"),
  post: builder("post"),
  put: builder("put"),
  patch: builder("patch"),
  delete: builder("delete"),
};

export type Contract = Readonly<Record<string, Route>>;

/**
 * Names the routes of a module.
 *
 * @throws Error if a path names a field that `params` doesn't declare, or the other way round, or if two parts of one
 *   request share a field name (the typed client takes them flat)
 */
export function contract<Routes extends Contract>(module: string, routes: Routes): Routes {
  const named = Object.entries(routes).map(([key, value]) => {
    const id = `${module}.${key}`;
    const inPath = [...value.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? "").toSorted();
    const declared = fieldsOf(value.params).toSorted();
    if (inPath.join() !== declared.join()) throw new Error(`${id}: path has [${inPath}], params declare [${declared}]`);
    const all = [...declared, ...fieldsOf(value.query), ...fieldsOf(value.body)];
    const twice = all.find((name, index) => all.indexOf(name) !== index);
    if (twice !== undefined) throw new Error(`${id}: the field ${twice} stands in two parts of the request`);
    return [key, { ...value, id }] as const;
  });
  return Object.freeze(Object.fromEntries(named)) as Routes;
}

/** The names of an object shape's fields; none for any other shape. */
export function fieldsOf(shape: AnyShape): string[] {
  return shape !== undefined && "shape" in shape ? Object.keys(shape.shape as object) : [];
}
