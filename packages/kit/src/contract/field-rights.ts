import { z } from "zod";
import { isJson } from "./body.ts";
import { unwrapped } from "./field.ts";
import type { Permission } from "./permission.ts";
import type { Route } from "./route.ts";

/** A field of a shape that not everybody may see or send. */
export interface FieldRight {
  /** Where it stands, `*` for each of a list: `items`, `*`, `phone`. */
  readonly path: readonly string[];
  readonly readBy?: Permission;
  readonly writeBy?: Permission;
  /** Whoever may not see it gets no such field; else it is null to them. */
  readonly isOptional: boolean;
}

const known = new WeakMap<z.ZodType, readonly FieldRight[]>();

/**
 * The fields of a shape that `field()` gives to some only, in whatever it holds and in each variant; of a shape that
 * holds itself, once.
 *
 * @throws Error for one that can be neither null nor left out, so that it couldn't be hidden
 */
export function fieldRightsOf(shape: z.ZodType): readonly FieldRight[] {
  let rights = known.get(shape);
  if (rights === undefined) known.set(shape, (rights = [...rightsWithin(shape, [], new Set())]));
  return rights;
}

/** The permissions that only some fields of a route ask for. */
export function fieldPermissionsOf({ body, reply }: Route): Permission[] {
  const events = !isJson(reply) && reply.kind === "events" ? Object.values(reply.events) : [];
  const shapes = [body, reply, ...events].filter((shape): shape is z.ZodType => isJson(shape));
  return shapes
    .flatMap(fieldRightsOf)
    .flatMap(({ readBy, writeBy }) => [readBy, writeBy])
    .filter((each) => each !== undefined);
}

/** Whether a value of this shape may hold what only some may see or send. */
export function hasFieldRights(shape: z.ZodType): boolean {
  return fieldRightsOf(shape).length > 0;
}

/** What `field()` says of this very shape, whatever stands within it. @throws Error like `fieldRightsOf` */
export function fieldRightOf(shape: z.ZodType, path: readonly string[] = []): FieldRight | undefined {
  const layers = [...unwrapped(shape)];
  const own = layers.map((layer) => layer.meta()?.["field"] as Partial<FieldRight> | undefined).find(Boolean);
  return own?.readBy === undefined && own?.writeBy === undefined ? undefined : rightOf(layers, path, own);
}

/** The shapes within one, each with where it stands: by its name, anywhere (`*`), or in the very same place. */
export function* partsOf(shape: z.ZodType): Generator<readonly [at: string | undefined, part: z.ZodType], void> {
  const inner = innermost(shape);
  const def = inner.def as unknown as Readonly<Record<string, unknown>>;
  if (inner instanceof z.ZodObject) yield* Object.entries(inner.shape);
  else if (inner instanceof z.ZodTuple)
    yield* (inner.def.items as readonly z.ZodType[]).map((each, index) => [`${index}`, each] as const);
  else if (inner instanceof z.ZodUnion)
    yield* (inner.options as readonly z.ZodType[]).map((each) => [undefined, each] as const);
  else if (inner instanceof z.ZodLazy) yield [undefined, inner.unwrap() as z.ZodType];
  // The values of a record, the rest of a tuple, what an object holds besides; both sides of a pipe.
  for (const name of ["element", "valueType", "rest", "catchall"]) if (isShape(def[name])) yield ["*", def[name]];
  for (const name of ["left", "right", "in", "out"]) if (isShape(def[name])) yield [undefined, def[name]];
}

function isShape(part: unknown): part is z.ZodType {
  return part instanceof z.ZodType;
}

function innermost(shape: z.ZodType): z.ZodType {
  return [...unwrapped(shape)].at(-1) ?? shape;
}

function* rightsWithin(
  shape: z.ZodType,
  path: readonly string[],
  within: ReadonlySet<z.ZodType>,
): Generator<FieldRight, void, undefined> {
  const inner = innermost(shape);
  // A shape that holds itself says the same again.
  if (within.has(inner)) return;
  const inside = new Set([...within, inner]);
  const own = fieldRightOf(shape, path);
  if (own !== undefined) yield own;
  for (const [at, part] of partsOf(shape)) yield* rightsWithin(part, at === undefined ? path : [...path, at], inside);
}

function rightOf(
  layers: readonly z.ZodType[],
  path: readonly string[],
  { readBy, writeBy }: Partial<FieldRight> = {},
): FieldRight {
  const isOptional = layers.some((layer) => layer instanceof z.ZodOptional);
  if (readBy !== undefined && !isOptional && !layers.some((layer) => layer instanceof z.ZodNullable))
    throw new Error(`${path.join(".")} is for some only, so it must be nullable or optional`);
  return {
    path,
    isOptional,
    ...(readBy === undefined ? {} : { readBy }),
    ...(writeBy === undefined ? {} : { writeBy }),
  };
}
