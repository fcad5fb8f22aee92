import type { Fault } from "@zhanggui/kit/contract/fault";
import { conflict, tooManyRequests } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/new-id";
import { fill, type LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { Task, Verdict } from "@zhanggui/kit/server/queue/definition";
import type { Json, Tables } from "@zhanggui/kit/server/tables";
import type { Generated, Kysely, Selectable, Updateable } from "kysely";

type StepState = "waiting" | "running" | "paused" | "done" | "cancelled" | "failed";
/** The columns of every table whose rows are worked off step by step. */
interface SteppedColumns {
  id: Generated<string>;
  accountId: string;
  state: Generated<StepState>;
  /** The step that comes next: what its task is called, so that a task of an earlier one finds nothing to do. */
  turn: Generated<string>;
  why: Json<LocalizedText | null>;
  endedAt: Date | null;
}
/** Tables that have them; `cancelled` is a state where rows that were called off stay. */
export type SteppedTable = {
  [Name in keyof Tables]: Tables[Name] extends Record<keyof SteppedColumns, unknown> ? Name : never;
}[keyof Tables];
type Row<Table extends SteppedTable> = Selectable<Tables[Table]>;
type Change<Table extends SteppedTable> = Omit<Updateable<Tables[Table]>, keyof SteppedColumns>;

/** Still to be worked off by the queue. */
export const going: readonly ("waiting" | "running")[] = ["waiting", "running"];
const open: StepState[] = [...going, "paused"];
const moves: Readonly<Record<"paused" | "waiting" | "cancelled", readonly StepState[]>> = {
  paused: going,
  waiting: ["paused"],
  cancelled: open,
};
const busySeconds = 60;
/** Why work has ended whose step failed again and again. */
export const gaveUp: LocalizedText = {
  zh: "多次出错，系统已停止。请告诉管理员。",
  en: "It failed several times and was stopped. Tell your administrator about this.",
};

/**
 * Work that takes longer than a request: a row per work, a task per step. Each step is a turn of its own, so that other
 * tenants' come between, and its attempts begin anew; whoever pauses it or calls it off waits for no step's end.
 */
export class StepTable<Table extends SteppedTable> {
  readonly queue: string;
  /** Its name, for the types that of a table with the columns that all of them have. */
  readonly #table: "stepped";
  readonly #reasons: Readonly<Record<string, LocalizedText>>;

  /**
   * @param queue its steps' queue; a task's `ref` is the turn
   * @param reasons what a fault means here, by its code, where the fault's own words would say less
   */
  constructor(table: Table, queue: string, reasons: Readonly<Record<string, LocalizedText>>) {
    this.#table = table as string as "stepped";
    this.queue = queue;
    this.#reasons = reasons;
  }

  /** The row of a turn, locked, unless somebody has paused or ended it. */
  async at(ctx: TxCtx, turn: string): Promise<Row<Table> | undefined> {
    const found = this.#in(ctx).selectFrom(this.#table).selectAll();
    const row = await found.where("turn", "=", turn).where("state", "in", going).forUpdate().executeTakeFirst();
    return row as Row<Table> | undefined;
  }

  /** What the queue settles a step with: the next one comes at once, if there is one. */
  async settle(ctx: TxCtx, { ref }: Task): Promise<Verdict> {
    return (await this.at(ctx, ref)) === undefined ? undefined : { restartAfterMs: 0 };
  }

  /** @throws Fault `kit.too_many_requests` for an account that has `most` unfinished ones */
  async demandRoom(ctx: TxCtx, most: number): Promise<void> {
    const own = this.#in(ctx).selectFrom(this.#table).select("id").where("accountId", "=", ctx.actor.id);
    const unfinished = await own.where("state", "in", open).limit(most).execute();
    if (unfinished.length >= most) throw tooManyRequests({ seconds: busySeconds });
  }

  /** Pauses it, goes on with it, or calls it off. @throws Fault `kit.conflict` in a state that doesn't allow it */
  async move(ctx: TxCtx, id: string, state: keyof typeof moves, change?: Change<Table>): Promise<Row<Table>> {
    const moved = await this.#in(ctx)
      .updateTable(this.#table)
      .set({
        ...change,
        state,
        ...(state === "cancelled" ? { endedAt: ctx.now() } : {}),
        ...(state === "waiting" ? { turn: newId(ctx.now()) } : {}),
      })
      .where("id", "=", id)
      .where("state", "in", moves[state])
      .returningAll()
      .executeTakeFirst();
    if (moved === undefined) throw conflict();
    if (state === "waiting") await ctx.queueTask(this.queue, moved.turn);
    return moved as unknown as Row<Table>;
  }

  /**
   * Ends the work of a turn, unless somebody has paused or ended it.
   *
   * @param why nothing if it is through
   */
  async end(ctx: TxCtx, turn: string, why?: LocalizedText, change?: Change<Table>): Promise<Row<Table> | undefined> {
    const ended = await this.#in(ctx)
      .updateTable(this.#table)
      .set({
        ...change,
        state: why === undefined ? "done" : "failed",
        why: why === undefined ? null : JSON.stringify(why),
        endedAt: ctx.now(),
      })
      .where("turn", "=", turn)
      .where("state", "in", going)
      .returningAll()
      .executeTakeFirst();
    return ended as Row<Table> | undefined;
  }

  /** Why a step can't be done, to whoever waits for it. */
  reasonOf({ code, definition, details }: Fault): LocalizedText {
    const { text } = definition;
    return this.#reasons[code] ?? { zh: fill(text.zh, details), en: fill(text.en, details) };
  }

  #in({ db }: Ctx): Kysely<{ stepped: SteppedColumns }> {
    return db as unknown as Kysely<{ stepped: SteppedColumns }>;
  }
}
