import { isJson } from "@zhanggui/kit/contract/body";
import { countLimit } from "@zhanggui/kit/contract/count-limit";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Contract, Route } from "@zhanggui/kit/contract/route";
import { type z } from "zod";
import { matching, pageOf } from "./narrow.ts";
import type { Entity } from "./shape.ts";
import { itemOf, type Row, World } from "./world.ts";

/** What somebody calls a route with, parsed: path, query and body apart. */
export interface Asked {
  readonly params: Row;
  readonly query: Row;
  readonly body: Row;
}
/** Answers that follow from what the contracts say rather than from chance: who is signed in, and with which rights. */
export type Special = (world: World, asked: Asked, user: string) => unknown;

export interface MockOptions {
  readonly contracts: Readonly<Record<string, Contract>>;
  readonly nowMs: number;
  readonly specials?: Readonly<Record<string, Special>>;
  /** Texts out of a few, by `<shape>.<field>`. */
  readonly texts?: Readonly<Record<string, readonly string[]>>;
}

/** Answers every route of the contracts, the same for the same user. */
export class Mock {
  readonly #options: MockOptions;
  readonly #worlds = new Map<string, World>();

  constructor(options: MockOptions) {
    this.#options = options;
  }

  /**
   * What the route's service could have returned; it fits the route's shape. What is sent to be changed is answered as
   * if it were, and forgotten.
   *
   * @throws Fault `kit.not_found` for the id of nothing, `kit.invalid_input` for a cursor of another query
   */
  answer(route: Route, asked: Asked, user: string): unknown {
    const world = this.#worldOf(user);
    const special = this.#options.specials?.[route.id];
    if (special !== undefined) return special(world, asked, user);
    const entity = entityOf(world, route, asked.params);
    const { reply } = route;
    if (!isJson(reply)) return undefined;
    if (route.bulk !== undefined) return this.#bulk(world, route, asked);
    const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => String(asked.params[name]));
    const item = itemOf(reply);
    if (route.method === "get" && item !== undefined && "id" in item.shape) {
      const rows = world.rows(path, item);
      if (route.list === undefined) return { ...this.#rest(world, reply, path), ...pageOf(rows, asked.query) };
      return this.#list(world, route, rows, asked.query);
    }
    const made = entity === undefined ? world.value(reply, path, JSON.stringify(asked)) : world.of(entity, reply);
    return withSent(reply, made as Row, asked.body);
  }

  #worldOf(user: string): World {
    const { contracts, nowMs, texts = {} } = this.#options;
    const world = this.#worlds.get(user) ?? new World(contracts, user, nowMs, texts);
    this.#worlds.set(user, world);
    return world;
  }

  #rest(world: World, reply: z.ZodType, path: string): Row {
    return world.value(reply, path) as Row;
  }

  #list(world: World, { list, path }: Route, rows: readonly Row[], query: Row): unknown {
    if (list === undefined) throw new Error(`${path} is no list`);
    const found = matching(rows, list, query, ({ name, kind }, id) => world.nameOf([name, kind], id));
    const total = Math.min(found.length, countLimit + 1);
    return { ...pageOf(found, query), ...(query["cursor"] === undefined ? { total } : {}) };
  }

  #bulk(world: World, { path, bulk }: Route, { query, body }: Asked): unknown {
    const routes = Object.values(this.#options.contracts).flatMap((contract) => Object.values(contract));
    const listed = routes.find(({ list }) => list !== undefined && list === bulk?.list);
    const item = listed === undefined ? undefined : itemOf(listed.reply);
    if (listed?.list === undefined || item === undefined) throw new Error(`${path} is of no list`);
    const rows = world.rows(listed.path, item);
    const ids = body["ids"] as readonly string[] | undefined;
    const all = matching(rows, listed.list, query, ({ name, kind }, id) => world.nameOf([name, kind], id));
    const chosen = ids === undefined ? all : rows.filter(({ id }) => ids.includes(String(id)));
    const gone = ids === undefined ? 0 : ids.length - chosen.length;
    return { done: chosen.length, passed: {}, gone, failed: [], isMore: false, next: null };
  }
}

/** The row that a route is about, if its reply is one: the first that its path names. */
function entityOf(world: World, { path, reply }: Route, params: Row): Entity | undefined {
  const named = Object.entries(params).map(([name, id]) => world.named(path, name, String(id)));
  if (named.includes(null)) throw notFound();
  const [first] = named;
  return isJson(reply) && "shape" in reply && "id" in (reply.shape as object) ? (first ?? undefined) : undefined;
}

/** The reply with what was sent in its place, as far as its shape takes it. */
function withSent(reply: z.ZodType, made: Row, sent: Row): Row {
  const shapes = "shape" in reply ? (reply.shape as Readonly<Record<string, z.ZodType>>) : {};
  const kept = Object.entries(sent).filter(([name, value]) => shapes[name]?.safeParse(value).success);
  const both = { ...made, ...Object.fromEntries(kept) };
  return reply.safeParse(both).success ? both : made;
}
