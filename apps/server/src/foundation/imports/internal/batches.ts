import { createHash } from "node:crypto";
import { Injectable } from "@nestjs/common";
import { Fault } from "@zhanggui/kit/contract/fault";
import { internalError } from "@zhanggui/kit/contract/faults";
import type { ExistingWay } from "@zhanggui/kit/contract/importing";
import { fieldsOf, type Route } from "@zhanggui/kit/contract/route";
import { fill } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Declarations } from "@zhanggui/kit/server/declarations";
import { Extensions } from "@zhanggui/kit/server/extensions";
import { demandAccess } from "@zhanggui/kit/server/http/asked-before";
import { type ImportRoute, type KnownRows, knownRows } from "@zhanggui/kit/server/http/imported-rows";
import { Routes } from "@zhanggui/kit/server/http/routes";
import { deadlockDetected, serializationFailure, sqlStateOf } from "@zhanggui/kit/server/sql-state";
import { type CellError, RowMapper } from "./mapping.ts";
import type { RawRow } from "./raw-rows.ts";
import { importSteps, type ImportRow } from "./steps.ts";

type Fields = Readonly<Record<string, unknown>>;
type Became = "created" | "updated" | "skipped" | "failed";
interface Outcome {
  readonly became: Became;
  readonly errors?: readonly CellError[];
}
interface ReadRow extends RawRow {
  readonly body: Fields;
  readonly input?: Fields;
  readonly errors: readonly CellError[];
  /** What tells the thing that it is about, as hashes. */
  readonly keys: readonly string[];
}

/** Thrown to take a check's rows back. */
class Undone extends Error {}

/** Hands rows to their route, a batch in one transaction with how far the import is: each row once, or not at all. */
@Injectable()
export class Batches {
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(
    private readonly routes: Routes,
    private readonly extensions: Extensions,
    { contracts }: Declarations,
  ) {
    const all = contracts.flatMap((contract) => Object.values(contract));
    this.#routes = new Map(all.map((route) => [route.id, route]));
  }

  /** How things that are there already are found; undefined where nothing tells them. */
  knownTo({ id }: ImportRoute): KnownRows | undefined {
    return this.extensions.of(knownRows).find(({ value }) => value.route === id)?.value;
  }

  /** The route that changes such a thing. */
  updateOf({ id, imports: { update } }: ImportRoute): Route | undefined {
    return update && this.#routes.get(`${id.slice(0, id.indexOf("."))}.${update.route}`);
  }

  /** What can be done about a row that is there already, by whoever asks. */
  waysOf({ actor }: Ctx, route: ImportRoute): ExistingWay[] {
    if (this.knownTo(route) === undefined) return [];
    const update = this.updateOf(route);
    const mayUpdate = update !== undefined && isAllowed(() => demandAccess(update, actor));
    return mayUpdate ? ["skip", "refuse", "update"] : ["skip", "refuse"];
  }

  /** What is wrong with rows by their shape alone. */
  errorsOf(ctx: Ctx, mapper: RowMapper, rows: readonly RawRow[]) {
    return rows.map((row) => {
      const { number, errors } = this.#read(ctx, mapper, row);
      return { row: number, errors: [...errors] };
    });
  }

  /**
   * Goes through the rows behind `before`.
   *
   * @param options `isPatient`: a row that breaks fails alone, instead of the batch
   * @returns how far it is then; undefined if it was paused or ended, or is further already
   */
  async take(
    ctx: TxCtx,
    { turn, done: before }: Pick<ImportRow, "turn" | "done">,
    mapper: RowMapper,
    rows: readonly RawRow[],
    { isPatient }: { readonly isPatient: boolean },
  ): Promise<number | undefined> {
    const row = await importSteps.at(ctx, turn);
    if (row === undefined || row.done !== before) return undefined;
    demandAccess(mapper.route, ctx.actor);
    const read = rows.map((each) => this.#read(ctx, mapper, each));
    const isCheck = row.phase === "checking";
    const met = isCheck ? await this.#met(ctx, row.id, read) : new Set<string>();
    let outcomes: Outcome[] = [];
    const each = async (ctx: TxCtx): Promise<void> => {
      for (const one of read) outcomes.push(await this.#one(ctx, row, mapper, one, met, isPatient));
    };
    if (isCheck) {
      await undone(ctx, async (ctx) => {
        outcomes = [];
        await each(ctx);
      });
      await note(ctx, row.id, read, outcomes);
    } else await each(ctx);
    const count = (became: Became): number => outcomes.filter((outcome) => outcome.became === became).length;
    const done = before + rows.length;
    await ctx.db
      .updateTable("imports_import")
      .set({
        state: "running",
        done,
        created: row.created + count("created"),
        updated: row.updated + count("updated"),
        skipped: row.skipped + count("skipped"),
        failed: row.failed + count("failed"),
      })
      .where("id", "=", row.id)
      .execute();
    const failures = outcomes.flatMap(({ errors }, index) =>
      errors === undefined ? [] : [{ importId: row.id, row: read[index]?.number ?? 0, errors: JSON.stringify(errors) }],
    );
    if (failures.length > 0) await ctx.db.insertInto("imports_failure").values(failures).execute();
    return done;
  }

  #read(ctx: Ctx, mapper: RowMapper, { number, cells }: RawRow): ReadRow {
    const { body, errors } = mapper.body(cells);
    const bad = new Set(errors.map(({ column }) => column));
    const read = this.routes.readRow(ctx, mapper.route, body);
    const at = (path: string): number | null => mapper.columnOf(path);
    const wrong = "errors" in read ? read.errors.map(({ path, text }) => ({ column: at(path), text })) : [];
    const all = [...errors, ...wrong.filter(({ column }) => column === null || !bad.has(column))];
    if ("errors" in read || all.length > 0) return { number, cells, body, errors: all, keys: [] };
    const { knownBy = [] } = mapper.route.imports;
    const keys = knownBy.flatMap((name) => {
      const value = read.input[name];
      return value === undefined || value === null ? [] : [hashed(`${name}\0${JSON.stringify(value)}`)];
    });
    return { number, cells, body, input: read.input, errors: [], keys };
  }

  /** What rows of the file before these were about. */
  async #met(ctx: TxCtx, importId: string, rows: readonly ReadRow[]): Promise<Set<string>> {
    const keys = rows.flatMap((row) => row.keys);
    if (keys.length === 0) return new Set();
    const met = await ctx.sql<{ key: string }>`
      SELECT key FROM imports_key WHERE import_id = ${importId} AND key = ANY (${keys}::text[])`;
    return new Set(met.map(({ key }) => key));
  }

  async #one(
    ctx: TxCtx,
    { existing }: ImportRow,
    mapper: RowMapper,
    row: ReadRow,
    met: ReadonlySet<string>,
    isPatient: boolean,
  ): Promise<Outcome> {
    ctx.signal.throwIfAborted();
    const { input, errors } = row;
    if (input === undefined) return { became: "failed", errors };
    try {
      return await ctx.tx(async (ctx) => {
        const id = await this.knownTo(mapper.route)?.find(ctx, input as never);
        if (id === undefined && !row.keys.some((key) => met.has(key))) {
          await this.routes.takeRow(ctx, mapper.route, input);
          return { became: "created" };
        }
        if (existing === "skip") return { became: "skipped" };
        if (existing === "refuse") return { became: "failed", errors: [isThere] };
        // Of a check: what a row before would have added.
        return id === undefined ? { became: "updated" } : this.#update(ctx, mapper, row, id);
      });
    } catch (error) {
      const fault = faultOf(error, isPatient);
      if (fault !== error) ctx.log.error({ err: error, row: row.number }, "a row of an import broke");
      return { became: "failed", errors: errorsOf(fault, mapper) };
    }
  }

  /** Says to the thing what the row says, but what it is known by; what the row leaves empty stays. */
  async #update(ctx: TxCtx, mapper: RowMapper, { body }: ReadRow, id: string): Promise<Outcome> {
    const route = this.updateOf(mapper.route);
    const { update } = mapper.route.imports;
    if (route === undefined || update === undefined) return { became: "failed", errors: [isThere] };
    const taken = fieldsOf(route.body);
    const change = Object.fromEntries(Object.entries(body).filter(([name]) => taken.includes(name)));
    if (Object.keys(change).length === 0) return { became: "skipped" };
    const read = this.routes.readRow(ctx, route, change);
    if ("errors" in read) {
      const errors = read.errors.map(({ path, text }) => ({ column: mapper.columnOf(path), text }));
      return { became: "failed", errors };
    }
    await this.routes.takeRow(ctx, route, { ...read.input, [update.id]: id });
    return { became: "updated" };
  }
}

const isThere: CellError = { column: null, text: { zh: "已存在", en: "It is there already" } };

/** Does something, and takes it back. */
async function undone(ctx: TxCtx, work: (ctx: TxCtx) => Promise<void>): Promise<void> {
  try {
    await ctx.tx(async (ctx) => {
      await work(ctx);
      throw new Undone();
    });
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
  }
}

/** What the rows that would be there now are known by. */
async function note(ctx: TxCtx, importId: string, rows: readonly ReadRow[], outcomes: readonly Outcome[]) {
  const keys = rows.flatMap((row, index) => (outcomes[index]?.became === "failed" ? [] : row.keys));
  if (keys.length === 0) return;
  await ctx.sql`INSERT INTO imports_key (import_id, key) SELECT ${importId}::uuid, key
    FROM unnest(${keys}::text[]) AS key ON CONFLICT DO NOTHING`;
}

function hashed(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** @throws what is no fault, unless patience is asked for: but who met others only meets them again after all of it */
function faultOf(error: unknown, isPatient: boolean): Fault {
  if (error instanceof Fault) return error;
  const state = sqlStateOf(error);
  if (!isPatient || state === deadlockDetected || state === serializationFailure) throw error;
  return internalError({}, { cause: error });
}

/** A refusal, at the columns that it names. */
function errorsOf({ definition: { text }, details }: Fault, mapper: RowMapper): CellError[] {
  const said = { zh: fill(text.zh, details), en: fill(text.en, details) };
  const at = (details["errors"] ?? []) as readonly { readonly field?: string; readonly message?: string }[];
  if (at.length === 0) return [{ column: null, text: said }];
  return at.map(({ field = "", message }) => ({
    column: mapper.columnOf(field),
    text: message === undefined ? said : { zh: message, en: message },
  }));
}

function isAllowed(demand: () => void): boolean {
  try {
    demand();
    return true;
  } catch {
    return false;
  }
}
