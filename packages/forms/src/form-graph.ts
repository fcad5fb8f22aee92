import type { Condition } from "@zhanggui/kit/contract/condition";
import type { Expression } from "@zhanggui/kit/contract/expression";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { conditionProblem } from "./condition-guard.ts";
import type { Form, FormField } from "./form.ts";
import { filled, type Misfit, within } from "./words.ts";

/** Where names of a field are looked up, the closest first: `lines.0.city` in `lines.0.`, then outside of the rows. */
export function scopesOf(path: string): readonly string[] {
  const names = path.split(".").slice(0, -1);
  const scopes = names.map((_, index) => `${names.slice(0, index + 1).join(".")}.`);
  return ["", ...scopes].toReversed();
}

/** Every field by its path, those of rows once: `lines.price`. */
export function fieldsByPath(form: Form, scope = ""): ReadonlyMap<string, FormField> {
  const inner = form.fields.flatMap((field): (readonly [string, FormField])[] => {
    const path = `${scope}${field.name}`;
    const rows = field.rows === undefined ? [] : [...fieldsByPath(field.rows, `${path}.`)];
    return [[path, field], ...rows];
  });
  return new Map(inner);
}

/** The fields that conditions of the field at `path` can ask about, under the names that mean them there. */
export function fieldsInScope(all: ReadonlyMap<string, FormField>, path: string): FormField[] {
  const found = new Map<string, FormField>();
  for (const scope of scopesOf(path).toReversed()) {
    for (const [each, field] of all) {
      if (each.startsWith(scope)) found.set(each.slice(scope.length), { ...field, name: each.slice(scope.length) });
    }
  }
  return [...found.values()];
}

/**
 * What is wrong with what fields depend on: there is no such field, it is compared to what can't be its value, or it
 * depends on itself; undefined if nothing is.
 */
export function dependencyProblem(form: Form): Misfit | undefined {
  const all = fieldsByPath(form);
  for (const [path, field] of all) {
    const scope = fieldsInScope(all, path);
    for (const name of ["showWhen", "disableWhen", "requireWhen"] as const) {
      const condition = field[name];
      const problem = condition === undefined ? undefined : conditionProblem(condition, scope);
      if (problem !== undefined) return within([path, name], problem);
    }
    const lost = needsOf(path, field, all).find((needed) => !all.has(needed));
    if (lost !== undefined) return within([path, "compute"], filled(problems.noField, { path: lost }));
  }
  const circle = circleIn(all);
  return circle === undefined ? undefined : within([circle], filled(problems.circle, { path: circle }));
}

/** Every field that what the field at `path` shows, asks for or is follows from. */
export function dependsOn(path: string, all: ReadonlyMap<string, FormField>): string[] {
  const field = all.get(path);
  if (field === undefined) return [];
  const { disableWhen, requireWhen } = field;
  const scopes = scopesOf(path);
  const asked = [disableWhen, requireWhen].flatMap((each) => (each === undefined ? [] : namesIn(each)));
  const found = asked.map((name) => scopes.map((scope) => `${scope}${name}`).find((each) => all.has(each)) ?? name);
  return [...needsOf(path, field, all), ...found];
}

const problems = {
  noField: { zh: "公式中的字段“{path}”不存在", en: "there is no field “{path}” to compute from" },
  circle: { zh: "字段“{path}”循环依赖自己", en: "the field “{path}” depends on itself" },
} as const satisfies Readonly<Record<string, LocalizedText>>;

/** A field that depends on itself, over however many others; undefined if there is none. */
function circleIn(all: ReadonlyMap<string, FormField>): string | undefined {
  const finished = new Set<string>();
  const visit = (path: string, way: ReadonlySet<string>): string | undefined => {
    if (way.has(path)) return path;
    const field = all.get(path);
    if (field === undefined || finished.has(path)) return undefined;
    const further = new Set([...way, path]);
    for (const needed of needsOf(path, field, all)) {
      const circle = visit(needed, further);
      if (circle !== undefined) return circle;
    }
    finished.add(path);
    return undefined;
  };
  for (const path of all.keys()) {
    const circle = visit(path, new Set());
    if (circle !== undefined) return circle;
  }
  return undefined;
}

/** The paths of what has to be known before the field is. */
function needsOf(path: string, { showWhen, compute }: FormField, all: ReadonlyMap<string, FormField>): string[] {
  const scopes = scopesOf(path);
  const find = (name: string, within = scopes): string =>
    within.map((scope) => `${scope}${name}`).find((each) => all.has(each)) ?? name;
  const inExpression = (expression: Expression, within = scopes): string[] => {
    if ("field" in expression) return [find(expression.field, within)];
    if ("rows" in expression) {
      const rows = find(expression.rows, within);
      return [rows, ...("sum" in expression ? inExpression(expression.sum, [`${rows}.`, ...within]) : [])];
    }
    if ("if" in expression) {
      const branches = [expression.yes, expression.no].flatMap((each) => inExpression(each, within));
      return [...namesIn(expression.if).map((name) => find(name, within)), ...branches];
    }
    if ("round" in expression) return inExpression(expression.round, within);
    if ("value" in expression) return [];
    return Object.values(expression)
      .flat()
      .flatMap((each) => inExpression(each, within));
  };
  return [
    ...(showWhen === undefined ? [] : namesIn(showWhen).map((name) => find(name))),
    ...(compute === undefined ? [] : inExpression(compute)),
  ];
}

/** The names of fields that a condition asks about. */
function namesIn(condition: Condition): string[] {
  if ("all" in condition) return condition.all.flatMap(namesIn);
  if ("any" in condition) return condition.any.flatMap(namesIn);
  if ("not" in condition) return namesIn(condition.not);
  return "field" in condition ? [condition.field] : [];
}
