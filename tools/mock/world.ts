import { isJson } from "@zhanggui/kit/contract/body";
import type { Contract, Route } from "@zhanggui/kit/contract/route";
import { z } from "zod";
import { Chance, idAt } from "./chance.ts";
import { type Entity, type Making, nameOf, valueOf } from "./shape.ts";
import { sizeOf } from "./words.ts";

export type Row = Readonly<Record<string, unknown>>;

const pastMs = 90 * 86_400_000;
/** Lists of one thing's own parts: its history, its clicks. */
const partsOfOne = 12;

/** A route that lists rows with an id. */
interface Listing {
  readonly path: string;
  readonly item: z.ZodObject;
}

/**
 * What there is for one user: rows of every list, each the same whenever it is asked for. Nothing is stored; a row
 * follows from the user, its list and its number.
 */
export class World {
  readonly #user: string;
  readonly #nowMs: number;
  readonly #texts: Making["texts"];
  readonly #listings: readonly Listing[];
  /** Made once: to make them costs more than to narrow them. */
  readonly #rows = new Map<string, readonly Row[]>();
  readonly #entities = new Map<string, readonly Entity[]>();

  /** @param nowMs the end of the ninety days in which everything happened @param texts see `Making` */
  constructor(contracts: Readonly<Record<string, Contract>>, user: string, nowMs: number, texts: Making["texts"]) {
    this.#user = user;
    this.#nowMs = nowMs;
    this.#texts = texts;
    this.#listings = Object.values(contracts)
      .flatMap((contract) => Object.values(contract))
      .flatMap((route) => listingOf(route) ?? []);
  }

  /** The rows of the list at a path, the newest first. */
  rows(path: string, item: z.ZodType): readonly Row[] {
    let rows = this.#rows.get(path);
    if (rows === undefined) {
      const size = this.#listings.some((each) => each.path === path) ? sizeOf(lastOf(path)) : partsOfOne;
      rows = this.#all(path, size).map((entity) => this.of(entity, item));
      this.#rows.set(path, rows);
    }
    return rows;
  }

  /** A row as a shape tells of it: a list's, or the more that its own route tells. */
  of(entity: Entity, shape: z.ZodType): Row {
    return valueOf(shape, "", { ...this.#making(this.#chanceOf(entity)), entity, atMs: entity.atMs }) as Row;
  }

  /** A value that is of no row. */
  value(shape: z.ZodType, ...seed: readonly string[]): unknown {
    return valueOf(shape, "", this.#making(new Chance(this.#user, ...seed)));
  }

  /**
   * The row that a parameter of a path names: undefined if the parameter names none, null if there is no such row.
   *
   * @param path the address as its route declares it: `/people/:personId/tags`
   */
  named(path: string, parameter: string, id: string): Entity | null | undefined {
    const before = path.slice(0, path.indexOf(`/:${parameter}`));
    const listing =
      this.#listings.find((each) => each.path === before) ??
      // Within a row of something else the same word is another thing: answers in a conversation are no texts' answers.
      (before.includes("/:") ? undefined : this.#listings.find((each) => lastOf(each.path) === lastOf(before)));
    if (listing === undefined) return undefined;
    return this.#all(listing.path, sizeOf(lastOf(listing.path))).find((entity) => entity.id === id) ?? null;
  }

  /** What the row of an id is called, by the name or the kind of a field that holds the id. */
  nameOf(names: readonly string[], id: string): string | undefined {
    const listing = this.#meant(names);
    const entity = listing && this.#all(listing.path, sizeOf(lastOf(listing.path))).find((each) => each.id === id);
    return entity && nameOf(entity, this.#chanceOf(entity));
  }

  #making(chance: Chance): Making {
    return {
      chance,
      nowMs: this.#nowMs,
      atMs: this.#nowMs - Math.floor(chance.share("when") * pastMs),
      noneShare: 0.25,
      place: "",
      texts: this.#texts,
      rowFor: (names, among) => this.#rowFor(names, among),
    };
  }

  #chanceOf({ list, id }: Entity): Chance {
    return new Chance(this.#user, list, id);
  }

  /** Newest first, evenly over the ninety days. */
  #all(list: string, size: number): readonly Entity[] {
    let found = this.#entities.get(list);
    if (found === undefined) {
      const chance = new Chance(this.#user, list);
      found = Array.from({ length: size }, (_, index) => {
        const own = chance.of(String(index));
        const atMs = Math.floor(this.#nowMs - (pastMs * (index + own.share("when"))) / size);
        return { list, index, id: idAt(atMs, own.of("id")), atMs };
      });
      this.#entities.set(list, found);
    }
    return found;
  }

  #rowFor(names: readonly string[], chance: Chance): { entity: Entity; chance: Chance } | undefined {
    const listing = this.#meant(names);
    if (listing === undefined) return undefined;
    const entity = chance.pick(this.#all(listing.path, sizeOf(lastOf(listing.path))), "row");
    return { entity, chance: this.#chanceOf(entity) };
  }

  /** By a field's name or kind: `personId`, `person`, `wechatApp` and `tags` mean lists. */
  #meant(names: readonly string[]): Listing | undefined {
    const wanted = names.map((name) => wordOf(name.replace(/Id$/, ""))).filter((word) => word !== "");
    return wanted
      .map((word) => this.#listings.find(({ path }) => wordOf(lastOf(path)) === word))
      .find((each) => each !== undefined);
  }
}

function lastOf(path: string): string {
  return path.split("/").at(-1) ?? "";
}

/** `people`, `wechatApps`, `reply-rules` and `firstChannel` as the one word that tells them apart. */
function wordOf(name: string): string {
  const word = (name.split(/[-_]|(?=[A-Z])/).at(-1) ?? "").toLowerCase();
  if (word === "people") return "person";
  return word.endsWith("ies") ? word.replace(/ies$/, "y") : word.replace(/(?<!s)s$/, "");
}

/** What a route lists by itself: `{ items: [{ id … }] }` at an address without parameters. */
function listingOf({ method, path, params, reply }: Route): Listing | undefined {
  if (method !== "get" || params !== undefined) return undefined;
  const item = itemOf(reply);
  return item !== undefined && "id" in item.shape ? { path, item } : undefined;
}

/** The shape of the rows that a reply has; undefined for a reply without. */
export function itemOf(reply: Route["reply"]): z.ZodObject | undefined {
  if (!isJson(reply) || !(reply instanceof z.ZodObject)) return undefined;
  const items: unknown = reply.shape["items"];
  return items instanceof z.ZodArray && items.element instanceof z.ZodObject ? items.element : undefined;
}
