import { fieldInfo, unwrapped } from "@zhanggui/kit/contract/field";
import { z } from "zod";
import { type Chance, idAt } from "./chance.ts";
import { freeForm, knownTexts, nameOfRow, sentencePair, textFor } from "./words.ts";

/** The row that a value is of: the same row says the same wherever it is shown. */
export interface Entity {
  /** The address of the list that it is in: `/people`. */
  readonly list: string;
  readonly index: number;
  readonly id: string;
  readonly atMs: number;
}

/** What values are made with. */
export interface Making {
  readonly chance: Chance;
  /** When it happened; other times of the same thing follow. */
  readonly atMs: number;
  readonly nowMs: number;
  /** How often what may be nothing is. */
  readonly noneShare: number;
  /** Where in the shapes it stands, for texts that only some words fit: `TimelineEntry.kind`. */
  readonly place: string;
  readonly entity?: Entity;
  /** Texts out of a few, by their place. */
  readonly texts: Readonly<Record<string, readonly string[]>>;
  /** The rows that a field of this name or kind means; undefined if it means none. */
  readonly rowFor: (
    names: readonly string[],
    chance: Chance,
  ) => { readonly entity: Entity; chance: Chance } | undefined;
}

const dayMs = 86_400_000;
/** Most things go well. */
const trouble = /blocked|error|failed|refused/i;
/** How often another draw is tried, where a shape asks for more than its parts say. */
const mostTries = 1_000;

/**
 * A believable value of a shape, as a service would return it.
 *
 * @throws Error for a shape that nothing was found for
 */
export function valueOf(shape: z.ZodType, name: string, making: Making): unknown {
  for (let attempt = 0; attempt < mostTries; attempt += 1) {
    const chance = attempt === 0 ? making.chance : making.chance.of(`again ${attempt}`);
    // A shape that ties its parts together is met sooner by less.
    const noneShare = attempt === 0 ? making.noneShare : Math.min(0.95, 0.6 + attempt / 100);
    const value = draw(shape, name, { ...making, chance, noneShare });
    if (shape.safeParse(value).success) return value;
  }
  throw new Error(`the mock finds no value for ${making.place || name}`);
}

function draw(shape: z.ZodType, name: string, making: Making): unknown {
  const { chance } = making;
  const isInstant = shape.meta()?.["format"] === "date-time";
  if (isInstant) return instantFor(name, making);
  const { def } = shape;
  const examples = shape.meta()?.examples;
  if (Array.isArray(examples) && examples.length > 0) return chance.pick(examples as unknown[], "example");
  if (shape instanceof z.ZodOptional) return chance.share("absent") < 0.4 ? undefined : inner(shape, name, making);
  if (shape instanceof z.ZodNullable) {
    const noneShare = trouble.test(name) ? Math.max(0.9, making.noneShare) : making.noneShare;
    return chance.share("none") < noneShare ? null : inner(shape, name, making);
  }
  if (shape instanceof z.ZodDefault || shape instanceof z.ZodReadonly) return inner(shape, name, making);
  if (shape instanceof z.ZodPipe) return pipeValue(shape, name, making);
  if (shape instanceof z.ZodObject) return objectValue(shape, name, making);
  if (shape instanceof z.ZodArray) return arrayValue(shape, name, making);
  if (shape instanceof z.ZodUnion) return draw(chance.pick(shape.options as z.ZodType[], "option"), name, making);
  if (shape instanceof z.ZodEnum) return chance.share("usual") < 0.5 ? shape.options[0] : chance.pick(shape.options);
  if (shape instanceof z.ZodLiteral) return chance.pick([...shape.values]);
  if (shape instanceof z.ZodRecord) return recordValue(shape, chance);
  if (shape instanceof z.ZodLazy) return draw(shape.unwrap() as z.ZodType, name, making);
  if (def.type === "boolean") return chance.share() < (/disabled|isMore/.test(name) ? 0.1 : 0.7);
  if (def.type === "number" || def.type === "int") return numberFor(shape, name, chance);
  if (def.type === "string") return textOf(shape, name, making);
  return def.type === "unknown" || def.type === "any" ? freeForm(chance) : null;
}

function inner(shape: z.ZodType, name: string, making: Making): unknown {
  return draw((shape.def as unknown as { innerType: z.ZodType }).innerType, name, making);
}

/** What goes in, except where a function makes it of anything. */
function pipeValue(shape: z.ZodPipe, name: string, making: Making): unknown {
  const { in: first, out } = shape.def as unknown as { in: z.ZodType; out: z.ZodType };
  return draw(first.def.type === "transform" ? out : first, name, making);
}

function recordValue(shape: z.ZodRecord, chance: Chance): unknown {
  const made = freeForm(chance);
  return shape.safeParse(made).success ? made : {};
}

function objectValue(shape: z.ZodObject, name: string, making: Making): Record<string, unknown> {
  const id = shape.meta()?.["id"];
  if (id === "DailyFigures") return figures(making);
  const keys = Object.keys(shape.shape);
  if (keys.join() === "zh,en") return sentencePair(making.chance);
  const named = [name, kindOf(shape, name)];
  const row = keys.includes("id") && name !== "" ? making.rowFor(named, making.chance) : undefined;
  const within: Making =
    row === undefined ? making : { ...making, entity: row.entity, chance: row.chance, atMs: row.entity.atMs };
  const place = typeof id === "string" ? id : making.place;
  const made = new Map(
    Object.entries(shape.shape).map(([key, each]) => {
      const of = { ...within, place: `${place}.${key}`, chance: within.chance.of(key) };
      return [key, valueOf(each as z.ZodType, key, name === "" || row ? of : withoutEntity(of))] as const;
    }),
  );
  for (const [key, value] of referencesIn(shape, within)) made.set(key, value);
  return Object.fromEntries([...made].filter(([, value]) => value !== undefined));
}

/** Parts of a row aren't the row: their `name` isn't its name. */
function withoutEntity(making: Making): Making {
  const { entity: _entity, ...rest } = making;
  return rest;
}

function kindOf(shape: z.ZodType, name: string): string {
  return fieldInfo(name, shape)?.kind ?? "";
}

/** `personId` is the id of somebody, and `personName` is what they are called. */
function* referencesIn(shape: z.ZodObject, making: Making): Generator<readonly [string, unknown]> {
  for (const key of Object.keys(shape.shape)) {
    const prefix = /^(\w+)Id$/.exec(key)?.[1];
    if (prefix === undefined || !isId(shape.shape[key] as z.ZodType)) continue;
    const row = making.rowFor([key, kindOf(shape.shape[key] as z.ZodType, key)], making.chance.of(key));
    if (row === undefined) continue;
    yield [key, row.entity.id];
    const called = "id" in shape.shape ? [`${prefix}Name`] : [`${prefix}Name`, "name", "displayName"];
    for (const other of called) if (other in shape.shape) yield [other, nameOf(row.entity, row.chance)];
  }
}

/** An AppID of WeChat's is no id of a row. */
function isId(shape: z.ZodType): boolean {
  return ([...unwrapped(shape)].at(-1)?.def as { format?: string } | undefined)?.format === "uuid";
}

/** What a row is called. */
export function nameOf({ list, index }: Entity, chance: Chance): string {
  return nameOfRow(list.split("/").at(-1) ?? "", index, chance);
}

function arrayValue(shape: z.ZodArray, name: string, making: Making): unknown[] {
  const { chance } = making;
  const { minimum = 0, maximum = 5 } = shape._zod.bag as { minimum?: number; maximum?: number };
  const count = Math.max(minimum, chance.whole(0, Math.min(3, maximum), "count"));
  const element = shape.element as z.ZodType;
  const drawn = Array.from({ length: count }, (_, index) =>
    valueOf(element, name, { ...withoutEntity(making), chance: chance.of(String(index)) }),
  );
  // Nobody has the same tag twice.
  const once = [...new Map(drawn.map((each) => [JSON.stringify(each), each])).values()];
  return once.length < minimum ? drawn : once;
}

/** A day's figures for as many days as a home page shows. */
function figures({ chance, nowMs }: Making): Record<string, unknown> {
  const usual = chance.whole(4, 60, "usual");
  const days = Array.from({ length: 30 }, (_, index) => {
    const day = new Date(nowMs - (29 - index) * dayMs + 8 * 3_600_000).toISOString().slice(0, 10);
    return { day, count: Math.round(usual * (0.6 + chance.share(day) * 0.8)) };
  });
  return { days, usual };
}

/** What began comes first, what ends lies ahead. */
function instantFor(name: string, { atMs, nowMs, chance }: Making): string {
  if (/until|expires/i.test(name)) return new Date(nowMs + chance.whole(1, 60) * dayMs).toISOString();
  if (/^(at|since|day)$|created|first|received|occurred/i.test(name)) return new Date(atMs).toISOString();
  return new Date(atMs + Math.floor((nowMs - atMs) * chance.share() * 0.9)).toISOString();
}

function numberFor(shape: z.ZodType, name: string, chance: Chance): number {
  const { minimum = 0, maximum = 10_000 } = shape._zod.bag as { minimum?: number; maximum?: number };
  const usual = /fen$|price|amount/i.test(name) ? 50_000 : /version|attempts|place|repeats/i.test(name) ? 5 : 300;
  const low = Math.max(0, minimum);
  return chance.whole(low, Math.max(low, Math.min(maximum, usual)));
}

function textOf(shape: z.ZodType, name: string, making: Making): string {
  const { chance, entity, place } = making;
  const { format } = shape.def as { format?: string };
  if (format === "uuid") return idFor(shape, name, making);
  if (format === "date") return instantFor(name, making).slice(0, 10);
  if (format === "datetime") return instantFor(name, making);
  const known = making.texts[place] ?? knownTexts[place];
  if (known !== undefined) return chance.pick(known);
  const choices = Object.keys(fieldInfo(name, shape)?.choices ?? {});
  if (choices.length > 0) return chance.pick(choices);
  if (entity !== undefined && /^(name|displayName|title)$/.test(name)) return nameOf(entity, chance);
  const named = /^(\w+)Name$/.exec(name)?.[1];
  const row = named === undefined ? undefined : making.rowFor([`${named}Id`], chance);
  if (row !== undefined) return nameOf(row.entity, row.chance);
  const kind = [...unwrapped(shape)].map((each) => fieldInfo(name, each)?.kind).find(Boolean);
  const tries = [textFor(name, chance), textFor(kind ?? "", chance), chance.text(8), chance.text(4, "0123456789")];
  const { minimum = 0 } = shape._zod.bag as { minimum?: number };
  const rest = [chance.text(Math.max(16, minimum)), chance.text(43), `https://lantern-tea.example/${chance.text(8)}`];
  return [...tries, ...rest].find((each) => fits(shape, each)) ?? "";
}

function fits(shape: z.ZodType, value: unknown): boolean {
  return shape.safeParse(value).success;
}

function idFor(shape: z.ZodType, name: string, { entity, chance, atMs, rowFor }: Making): string {
  if (name === "id" && entity !== undefined) return entity.id;
  const row = rowFor([name, kindOf(shape, name)], chance);
  return row?.entity.id ?? idAt(atMs, chance);
}
