import type { z } from "zod";
import { forbidden, invalidInput } from "../../contract/faults.ts";
import { permissionsOf } from "../../contract/permission.ts";
import type { Route } from "../../contract/route.ts";
import { translate } from "../../contract/text.ts";
import type { Entitled } from "../data-scope.ts";

type Fields = Readonly<Record<string, unknown>>;

/** @throws Fault `kit.forbidden` for an actor who may not, or may no longer, call the route */
export function demandAccess({ access }: Route, { permissions }: Entitled): void {
  const needed = permissionsOf(access);
  if (needed.length > 0 && !needed.some(({ code }) => permissions.has(code)))
    throw forbidden({ permission: needed.map(({ code }) => code).join(", ") });
}

/** A part of a call that came before. @throws Fault `kit.invalid_input` for what the route takes no more */
export function readPart(schema: z.ZodType | undefined, value: Fields): Fields {
  if (schema === undefined) return {};
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data as Fields;
  const errors = parsed.error.issues.map(({ path, message }) => ({
    field: path.join("."),
    message: translate(message, "en"),
  }));
  throw invalidInput({ errors });
}
