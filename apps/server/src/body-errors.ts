import { dependencyErrors } from "@zhanggui/forms/dependency-errors";
import { type Form, type FormField, formOf } from "@zhanggui/forms/form";
import { schemaOf } from "@zhanggui/kit/contract/schema";
import type { BodyErrors } from "@zhanggui/kit/server/http/input";
import type { z } from "zod";

const forms = new WeakMap<z.ZodType, Form | undefined>();

/** What the fields of a route's body ask of each other, by the form that pages show of the same contract. */
export const bodyErrors: BodyErrors = ({ method, body: shape }, values, given) => {
  const form = formWithConditions(shape as z.ZodType);
  return form === undefined ? [] : dependencyErrors(form, { values, given, isPartial: method === "patch" });
};

/** Undefined for the many whose fields ask nothing of each other. */
function formWithConditions(shape: z.ZodType): Form | undefined {
  if (!forms.has(shape)) {
    const form = formOf(schemaOf(shape));
    forms.set(shape, form.fields.some(asks) ? form : undefined);
  }
  return forms.get(shape);
}

function asks({ showWhen, requireWhen, compute, rows }: FormField): boolean {
  return [showWhen, requireWhen, compute].some((each) => each !== undefined) || (rows?.fields.some(asks) ?? false);
}
