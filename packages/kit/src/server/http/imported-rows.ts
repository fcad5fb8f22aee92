import type { z } from "zod";
import { isJson } from "../../contract/body.ts";
import { type FieldInfo, fieldInfo, unwrapped } from "../../contract/field.ts";
import type { ImportSpec } from "../../contract/importing.ts";
import { schemaOf } from "../../contract/schema.ts";
import type { Flat, Route } from "../../contract/route.ts";
import { type LocalizedText, translate } from "../../contract/text.ts";
import type { Ctx } from "../ctx.ts";
import type { Entitled } from "../data-scope.ts";
import { type Extension, extensionPoint } from "../extensions.ts";
import { fieldsRefused } from "./field-rights.ts";
import { type BodyErrors, localeErrors } from "./input.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A route that rows of files can be handed to. */
export type ImportRoute = Route & { readonly imports: ImportSpec; readonly body: z.ZodObject };

export function isImport(route: Route): route is ImportRoute {
  return route.imports !== undefined;
}

/** What a file can have a column for. */
export interface ImportColumn extends FieldInfo {
  readonly isRequired: boolean;
  /** Its cells hold several values. */
  readonly isList: boolean;
  /** The values that there are, if they are a few. */
  readonly values: readonly unknown[];
}

/** What is wrong with a row, by the fields of its route. */
export interface RowError {
  readonly path: string;
  readonly text: LocalizedText;
}
export type ReadRow = { readonly input: Fields } | { readonly errors: readonly RowError[] };

const plainTypes: ReadonlySet<string> = new Set(["string", "number", "int", "boolean", "enum", "literal", "pipe"]);

/**
 * The columns of a route's body, in their order: whatever `field()` names, one cell can hold and the asker may send.
 */
export function importColumns({ body, imports }: ImportRoute, { permissions }: Entitled): ImportColumn[] {
  const { without = [] } = imports;
  const all = Object.entries<z.ZodType>(body.shape);
  return all.flatMap(([name, shape]): ImportColumn[] => {
    const info = fieldInfo(name, shape);
    const inner = [...unwrapped(shape)].at(-1);
    if (info === undefined || inner === undefined || without.includes(name)) return [];
    const { element } = inner.def as { readonly element?: z.ZodType };
    const of = element === undefined ? inner : [...unwrapped(element)].at(-1);
    if (of === undefined || !plainTypes.has(of.def.type)) return [];
    const may = [info.readBy, info.writeBy].every((code) => code === undefined || permissions.has(code));
    if (!may) return [];
    const { enum: values = Object.keys(info.choices ?? {}) } = schemaOf(of);
    return [{ ...info, isRequired: !shape.safeParse(undefined).success, isList: element !== undefined, values }];
  });
}

/** Holds a row against a route's body as a request's would be: its shape, who may send what, what fields ask. */
export function readRow(route: Route, row: Fields, actor: Entitled, bodyErrors?: BodyErrors): ReadRow {
  const shape = route.body;
  if (!isJson(shape)) throw new Error(`${route.id} takes no rows`);
  const parsed = shape.safeParse(row, { error: localeErrors.en });
  if (!parsed.success) return { errors: bilingualErrors(shape, row, parsed.error) };
  const input = parsed.data as Fields;
  const errors = [...fieldsRefused(shape, row, actor), ...(bodyErrors?.(route, input, row) ?? [])];
  return errors.length > 0 ? { errors } : { input };
}

/** Whoever left a cell empty needn't be told of types. */
const needed: LocalizedText = { zh: "必填", en: "It is required" };

/** The same shape finds the same in each language, in the same order. */
function bilingualErrors(shape: z.ZodType, row: Fields, { issues: en }: z.ZodError): RowError[] {
  const zh = shape.safeParse(row, { error: localeErrors.zh }).error?.issues ?? [];
  return en.map(({ path, message }, index) => ({
    path: path.join("."),
    text:
      path.length === 1 && row[String(path[0])] === undefined
        ? needed
        : { zh: translate(zh[index]?.message ?? message, "zh"), en: translate(message, "en") },
  }));
}

/** How a module finds the thing that a row of a file is about, if it is there already. */
export interface KnownRows {
  readonly route: string;
  readonly find: (ctx: Ctx, row: never) => Promise<string | undefined>;
}
export const knownRows = extensionPoint<KnownRows>("kit.known_rows");

/**
 * Says how rows that a route could add are told from those that are there: by the fields that its `imports` name in
 * `knownBy`. What the asker may not change isn't found.
 */
export function knows<R extends Route>(
  { id }: R,
  find: (ctx: Ctx, row: Flat<R>) => Promise<string | undefined>,
): Extension {
  return knownRows({ route: id, find });
}
