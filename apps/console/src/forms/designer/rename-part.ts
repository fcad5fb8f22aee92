import { scopesOf } from "@zhanggui/forms/form-graph";
import type { MadeForm, UiField } from "@zhanggui/forms/made-form";
import { isPlainName } from "@zhanggui/forms/values";
import type { Condition } from "@zhanggui/kit/contract/condition";
import type { Expression } from "@zhanggui/kit/contract/expression";
import { changeSchema, entriesOf, schemaAt, stepsOf } from "./made-edit.ts";

/** Why a field can't be called so; `shadows`: some condition or formula would then mean another field. */
export type NameProblem = "notPlain" | "taken" | "shadows";

/**
 * A form in which the field at `path` has another name: what its conditions, formulas, steps and words say of it
 * follows.
 */
export function renamePart(
  made: MadeForm,
  path: string,
  name: string,
): { readonly made: MadeForm; readonly path: string } | NameProblem {
  if (!isPlainName(name)) return "notPlain";
  const parent = path.split(".").slice(0, -1).join(".");
  const now = parent === "" ? name : `${parent}.${name}`;
  if (now === path) return { made, path };
  if (schemaAt(made, now) !== undefined) return "taken";
  const moved = (each: string): string => (isWithin(path, each) ? `${now}${each.slice(path.length)}` : each);
  const before = entriesOf(made).map((entry) => entry.path);
  const names = new Names(before, before.map(moved), moved);
  const fields = Object.entries(made.ui?.fields ?? {}).map(([each, said]) => [moved(each), names.inField(said, each)]);
  if (names.isAmbiguous) return "shadows";
  const steps = stepsOf(made).map((step) => ({ ...step, fields: step.fields.map(moved) }));
  const ui = { ...made.ui, fields: Object.fromEntries(fields), ...(steps.length === 0 ? {} : { steps }) };
  return { made: { ...withProperty(made, parent, path, name), ui }, path: now };
}

const isWithin = (path: string, each: string): boolean => each === path || each.startsWith(`${path}.`);

/** The property in its old place, for its place is when it is asked for. */
function withProperty(made: MadeForm, parent: string, path: string, name: string): MadeForm {
  const old = path.split(".").at(-1) ?? "";
  const renamed = (each: string): string => (each === old ? name : each);
  const inObject = (object: NonNullable<MadeForm["schema"]>): MadeForm["schema"] => {
    const properties = Object.entries(object.properties ?? {}).map(([each, schema]) => [renamed(each), schema]);
    const { required } = object;
    return {
      ...object,
      properties: Object.fromEntries(properties),
      ...(required && { required: required.map(renamed) }),
    };
  };
  return changeSchema(made, parent, (schema) =>
    schema.type === "array" ? { ...schema, items: inObject(schema.items ?? {}) } : inObject(schema),
  );
}

/** The names by which fields ask about each other, before and after. */
class Names {
  isAmbiguous = false;
  readonly #before: readonly string[];
  readonly #after: readonly string[];
  readonly #moved: (path: string) => string;

  constructor(before: readonly string[], after: readonly string[], moved: (path: string) => string) {
    this.#before = before;
    this.#after = after;
    this.#moved = moved;
  }

  inField({ compute, ...said }: UiField, path: string): UiField {
    const scopes = scopesOf(path);
    const conditions = (["showWhen", "disableWhen", "requireWhen"] as const).flatMap((when) => {
      const condition = said[when];
      return condition === undefined ? [] : [[when, this.#inCondition(condition, scopes)] as const];
    });
    return {
      ...said,
      ...Object.fromEntries(conditions),
      ...(compute && { compute: this.#inExpression(compute, scopes) }),
    };
  }

  /** The field that a name means, closest first, or the one that it is within; undefined if there is none. */
  static #meant(
    name: string,
    scopes: readonly string[],
    paths: readonly string[],
  ): readonly [string, string] | undefined {
    const fits = (is: (path: string, each: string) => boolean): readonly [string, string] | undefined => {
      const scope = scopes.find((each) => paths.some((path) => is(path, `${each}${name}`)));
      return scope === undefined ? undefined : [scope, `${scope}${name}`];
    };
    return fits((path, each) => path === each) ?? fits(isWithin);
  }

  #name(name: string, scopes: readonly string[]): string {
    const meant = Names.#meant(name, scopes, this.#before);
    if (meant === undefined) return name;
    const [scope, path] = meant;
    const now = this.#moved(path).slice(this.#movedScope(scope).length);
    const after = Names.#meant(
      now,
      scopes.map((each) => this.#movedScope(each)),
      this.#after,
    );
    if (after?.[1] !== this.#moved(path)) this.isAmbiguous = true;
    return now;
  }

  /** A scope ends with a dot. */
  #movedScope(scope: string): string {
    return scope === "" ? "" : `${this.#moved(scope.slice(0, -1))}.`;
  }

  #inCondition(condition: Condition, scopes: readonly string[]): Condition {
    const inside = (each: Condition): Condition => this.#inCondition(each, scopes);
    if ("all" in condition) return { all: condition.all.map(inside) };
    if ("any" in condition) return { any: condition.any.map(inside) };
    if ("not" in condition) return { not: inside(condition.not) };
    return "field" in condition ? { ...condition, field: this.#name(condition.field, scopes) } : condition;
  }

  #inExpression(expression: Expression, scopes: readonly string[]): Expression {
    const inside = (each: Expression): Expression => this.#inExpression(each, scopes);
    if ("field" in expression) return { field: this.#name(expression.field, scopes) };
    if ("rows" in expression) {
      const rows = this.#name(expression.rows, scopes);
      if ("count" in expression) return { rows, count: true };
      const list = Names.#meant(expression.rows, scopes, this.#before)?.[1] ?? expression.rows;
      return { rows, sum: this.#inExpression(expression.sum, [`${list}.`, ...scopes]) };
    }
    if ("if" in expression)
      return { if: this.#inCondition(expression.if, scopes), yes: inside(expression.yes), no: inside(expression.no) };
    if ("round" in expression) return { ...expression, round: inside(expression.round) };
    if ("value" in expression) return expression;
    const parts = Object.entries(expression).map(([how, each]) => [how, each.map(inside)]);
    return Object.fromEntries(parts) as Expression;
  }
}
