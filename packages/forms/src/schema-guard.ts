import type { JsonSchema } from "@zhanggui/kit/contract/schema";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { patternProblem } from "./pattern-guard.ts";
import { isPlainName, isRecord, longestText } from "./values.ts";
import { filled, type Misfit, within } from "./words.ts";

/** `leastItems`: a new form begins with that many rows, and each with as many of its own. */
export const schemaLimits = {
  fields: 500,
  depth: 6,
  choices: 500,
  leastItems: 20,
  titleLength: 200,
  hintLength: 1000,
} as const;
export const dataLimits = {
  depth: 32,
  nodes: 50_000,
  textLength: longestText,
  totalLength: 400_000,
  items: 1000,
} as const;

/**
 * What is wrong with data from outside before anything walks through it: too deep, too large, or with names that would
 * change other objects; undefined if nothing is.
 */
export function dataProblem(given: unknown): Misfit | undefined {
  let nodes = 0;
  let length = 0;
  const check = (value: unknown, depth: number): Misfit | undefined => {
    nodes += 1;
    if (depth > dataLimits.depth) return within([], problems.tooDeep);
    if (typeof value === "string") length += value.length;
    // 1e400 is read as infinite, and would be kept as null.
    if (typeof value === "number" && !Number.isFinite(value)) return within([], problems.tooLarge);
    const isTooLong = typeof value === "string" && value.length > dataLimits.textLength;
    if (isTooLong || nodes > dataLimits.nodes || length > dataLimits.totalLength) return within([], problems.tooLarge);
    if (typeof value !== "object" || value === null) return undefined;
    if (Array.isArray(value) && value.length > dataLimits.items) return within([], problems.tooLarge);
    for (const [name, each] of Object.entries(value)) {
      length += name.length;
      if (!Array.isArray(value) && isTaken(name)) return within([name], filled(problems.badName, { name }));
      const problem = check(each, depth + 1);
      if (problem !== undefined) return within([name], problem);
    }
    return undefined;
  };
  return check(given, 1);
}

function isTaken(name: string): boolean {
  return name === "__proto__" || name === "constructor" || name === "prototype";
}

/**
 * What is wrong with a schema that somebody made, before it is used; undefined if nothing is. Taken is what a form can
 * show: JSON Schema 2020-12 without the keywords that combine schemas (conditions belong into the UI schema), with
 * references to its own `$defs` that end somewhere.
 */
export function schemaProblem(given: unknown): Misfit | undefined {
  const problem = dataProblem(given);
  if (problem !== undefined) return problem;
  if (!isRecord(given) || given["type"] !== "object" || !isRecord(given["properties"]))
    return within([], problems.noObject);
  const { $schema = dialect, $defs = {}, ...root } = given;
  if ($schema !== dialect) return within(["$schema"], problems.otherDialect);
  if (!isRecord($defs)) return within(["$defs"], filled(problems.badKeyword, { name: "$defs" }));
  const check = keywordCheck(root, $defs);
  for (const [name, schema] of Object.entries($defs)) {
    const found = isPlainName(name) ? check(schema) : filled(problems.badName, { name });
    if (found !== undefined) return within(["$defs", name], found);
  }
  return check(root) ?? sizeProblem(root, $defs as Readonly<Record<string, JsonSchema>>);
}

const dialect = "https://json-schema.org/draft/2020-12/schema";
const types: ReadonlySet<unknown> = new Set(["string", "number", "integer", "boolean", "array", "object"]);
/** Those that mean the same everywhere. */
const formats: ReadonlySet<unknown> = new Set(["date-time", "date", "email", "uri", "uuid"]);

type Takes = (value: unknown, schema: Readonly<Record<string, unknown>>) => boolean;

const isCount: Takes = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isNumber: Takes = (value) => Number.isFinite(value);
const isChoice = (value: unknown): boolean => ["string", "number", "boolean"].includes(typeof value) || value === null;
const isPlain = (items: unknown): boolean =>
  isRecord(items) && !["properties", "items", "$ref"].some((keyword) => Object.hasOwn(items, keyword));
const isTextUpTo =
  (length: number): Takes =>
  (value) =>
    typeof value === "string" && value.length <= length;

const keywords: Readonly<Record<string, Takes>> = {
  type: (value) =>
    types.has(value) ||
    (Array.isArray(value) && value.length === 2 && value[1] === "null" && value[0] !== "object" && types.has(value[0])),
  title: isTextUpTo(schemaLimits.titleLength),
  description: isTextUpTo(schemaLimits.hintLength),
  default: isChoice,
  enum: (value) =>
    Array.isArray(value) && value.length > 0 && value.length <= schemaLimits.choices && value.every(isChoice),
  const: isChoice,
  format: (value) => formats.has(value),
  minLength: isCount,
  maxLength: isCount,
  minimum: isNumber,
  maximum: isNumber,
  exclusiveMinimum: isNumber,
  exclusiveMaximum: isNumber,
  multipleOf: (value) => Number.isFinite(value) && Number(value) > 0,
  minItems: (value, schema) => isCount(value, schema) && Number(value) <= schemaLimits.leastItems,
  maxItems: isCount,
  // Each is compared to each: of rows, a thousand would take seconds.
  uniqueItems: (value, { items }) => typeof value === "boolean" && (!value || isPlain(items)),
  additionalProperties: (value) => typeof value === "boolean",
  required: (value, { properties }) =>
    Array.isArray(value) &&
    value.every((name) => typeof name === "string" && isRecord(properties) && Object.hasOwn(properties, name)),
  // Looked into by themselves.
  properties: isRecord,
  items: isRecord,
  pattern: (value) => typeof value === "string",
  $ref: (value) => typeof value === "string",
};

/** Looks at each keyword of a schema and of those inside it, without following references. */
function keywordCheck(root: unknown, definitions: Readonly<Record<string, unknown>>) {
  let schemas = 0;
  return function check(schema: unknown): Misfit | undefined {
    schemas += 1;
    if (schemas > 2 * schemaLimits.fields) return within([], problems.tooManyFields);
    if (!isRecord(schema)) return within([], problems.noSchema);
    for (const [keyword, value] of Object.entries(schema)) {
      const takes = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined;
      if (takes === undefined) return within([keyword], filled(problems.otherKeyword, { name: keyword }));
      if (!takes(value, schema)) return within([keyword], filled(problems.badKeyword, { name: keyword }));
    }
    const { type, $ref, pattern, properties = {}, items } = schema;
    const isTyped = [type, $ref, schema["enum"], schema["const"]].some((each) => each !== undefined);
    if (!isTyped || (type === "array" && items === undefined)) return within([], problems.noType);
    const isNothing = type === "object" && Object.keys(properties as object).length === 0;
    if (isNothing && schema !== root) return within(["properties"], problems.noFields);
    const isLost = typeof $ref === "string" && !Object.hasOwn(definitions, refersTo($ref));
    if (isLost) return within(["$ref"], filled(problems.badReference, { name: $ref }));
    const found = typeof pattern === "string" ? patternProblem(pattern) : undefined;
    if (found !== undefined) return within(["pattern"], found);
    for (const [name, property] of Object.entries(properties as object)) {
      const inner = isPlainName(name) ? check(property) : filled(problems.badName, { name });
      if (inner !== undefined) return within(["properties", name], inner);
    }
    const inItems = items === undefined ? undefined : check(items);
    return inItems && within(["items"], inItems);
  };
}

function refersTo(reference: unknown): string {
  return /^#\/\$defs\/(\w+)$/.exec(String(reference))?.[1] ?? "";
}

/** How many fields there are and how deep they are nested, with each reference followed. */
function sizeProblem(root: JsonSchema, definitions: Readonly<Record<string, JsonSchema>>): Misfit | undefined {
  let fields = 0;
  const check = (schema: JsonSchema, depth: number, way: readonly string[]): Misfit | undefined => {
    fields += Object.keys(schema.properties ?? {}).length;
    if (fields > schemaLimits.fields) return within([], problems.tooManyFields);
    if (depth > schemaLimits.depth) return within([], problems.tooDeep);
    const name = refersTo(schema["$ref"]);
    if (way.includes(name)) return within(["$ref"], filled(problems.circle, { name }));
    const target = definitions[name];
    // What a definition holds isn't where it is referred to.
    const referred = target === undefined ? undefined : check(target, depth, [...way, name]);
    if (referred !== undefined) return within(["$ref"], { zh: referred.zh, en: referred.en });
    const inItems = schema.items === undefined ? undefined : check(schema.items, depth + 1, way);
    if (inItems !== undefined) return within(["items"], inItems);
    for (const [each, property] of Object.entries(schema.properties ?? {})) {
      const problem = check(property, depth + 1, way);
      if (problem !== undefined) return within(["properties", each], problem);
    }
    return undefined;
  };
  return check(root, 0, []);
}

const problems = {
  tooDeep: { zh: "嵌套太深", en: "it is nested too deep" },
  tooLarge: { zh: "内容太大", en: "it is too large" },
  tooManyFields: { zh: "表单最多 500 个字段", en: "a form has at most 500 fields" },
  badName: {
    zh: "字段名“{name}”不可用：请用字母、数字和下划线，以字母开头",
    en: "a field can't be called “{name}”: use letters, digits and underscores, a letter first",
  },
  noObject: { zh: "最外层应为含 properties 的 object", en: "at the top there must be an object with properties" },
  noSchema: { zh: "每个字段都应是一个 JSON Schema 对象", en: "each field must be an object, a JSON Schema" },
  noType: { zh: "每个字段都应写明 type，列表还应写明 items", en: "each field needs a type, and a list its items" },
  noFields: { zh: "object 应写明 properties", en: "an object needs properties" },
  otherDialect: { zh: "只支持 JSON Schema 2020-12", en: "only JSON Schema 2020-12 is supported" },
  otherKeyword: { zh: "不支持关键字“{name}”", en: "the keyword “{name}” isn't supported" },
  badKeyword: { zh: "关键字“{name}”的写法有误", en: "what the keyword “{name}” says is wrong" },
  badReference: { zh: "引用“{name}”在 $defs 中不存在", en: "“{name}” refers to nothing in $defs" },
  circle: { zh: "定义“{name}”循环引用了自己", en: "the definition “{name}” refers to itself" },
} as const satisfies Readonly<Record<string, LocalizedText>>;
