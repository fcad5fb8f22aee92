import type { Fault } from "@zhanggui/kit/contract/fault";
import { conflict, impersonated, tooManyRequests } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/new-id";
import { fill, type LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { Task, Verdict } from "@zhanggui/kit/server/queue/definition";
import type { Json, Tables } from "@zhanggui/kit/server/tables";
import type { Generated, Kysely, Selectable, Updateable } from "kysely";

type StepState = "waiting" | "running" | "paused" | "ready" | "done" | "cancelled" | "failed";
/** The columns of every table whose rows are worked off step by step. */
interface SteppedColumns {
  id: Generated<string>;
  accountId: string;
  state: Generated<StepState>;
  /** The step that comes next: what its task is called, so that a task of an earlier one finds nothing to do. */
  turn: Generated<string>;
  why: Json<LocalizedText | null>;
  traceId: string;
  endedAt: Date | null;
}
/** Tables that have them. Rows stay `cancelled` in some only, and only some wait, `ready`, for somebody's word. */
export type SteppedTable = {
  [Name in keyof Tables]: Tables[Name] extends Record<keyof SteppedColumns, unknown> ? Name : never;
}[keyof Tables];
export type StepRow<Table extends SteppedTable> = Selectable<Tables[Table]> &
  Pick<Selectable<SteppedColumns>, "accountId" | "state" | "turn" | "traceId">;
/** Tables whose rows are kept for a time only. */
type KeptTable = {
  [Name in SteppedTable]: Tables[Name] extends { expiresAt: unknown } ? Name : never;
}[SteppedTable];
type Change<Table extends SteppedTable> = Omit<Updateable<Tables[Table]>, keyof SteppedColumns>;

/** Still to be worked off by the queue. */
export const going: readonly ("waiting" | "running")[] = ["waiting", "running"];
const open: StepState[] = [...going, "paused"];
const moves: Readonly<Record<"paused" | "cancelled", readonly StepState[]>> = { paused: going, cancelled: open };
type StepMove = keyof typeof moves | "waiting";
const busySeconds = 60;
const expiredAtOnce = 100;
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
  readonly #resumable: readonly StepState[];

  /**
   * @param queue its steps' queue; a task's `ref` is the turn
   * @param reasons what a fault means here, by its code, where the fault's own words would say less
   * @param options `resumesFailed`: what has failed keeps all that it needs, and can be resumed as if it were paused
   */
  constructor(
    table: Table,
    queue: string,
    reasons: Readonly<Record<string, LocalizedText>>,
    { resumesFailed = false }: { readonly resumesFailed?: boolean } = {},
  ) {
    this.#table = table as string as "stepped";
    this.queue = queue;
    this.#reasons = reasons;
    this.#resumable = resumesFailed ? ["paused", "failed"] : ["paused"];
  }

  /** The row of a turn whose step begins, unless somebody has paused or ended it. */
  async begin(ctx: TxCtx, turn: string): Promise<StepRow<Table> | undefined> {
    const row = await this.at(ctx, turn);
    if (row?.state !== "waiting") return row;
    await this.#in(ctx).updateTable(this.#table).set({ state: "running" }).where("turn", "=", turn).execute();
    return { ...row, state: "running" };
  }

  /** The row of a turn, locked, unless somebody has paused or ended it. */
  async at(ctx: TxCtx, turn: string): Promise<StepRow<Table> | undefined> {
    const found = this.#in(ctx).selectFrom(this.#table).selectAll();
    const row = await found.where("turn", "=", turn).where("state", "in", going).forUpdate().executeTakeFirst();
    return row as StepRow<Table> | undefined;
  }

  /** What the queue settles a step with: the next one comes at once, if there is one. */
  async settle(ctx: TxCtx, { ref }: Task): Promise<Verdict> {
    return (await this.at(ctx, ref)) === undefined ? undefined : { restartAfterMs: 0 };
  }

  /**
   * @throws Fault `kit.too_many_requests` for an account that has `most` unfinished ones, `kit.impersonated` for whoever
   *   acts in another's name
   */
  async demandRoom(ctx: TxCtx, most: number): Promise<void> {
    // It would go on when that is over, in the name of somebody who asked for nothing.
    const { impersonator, name } = ctx.actor;
    if (impersonator !== undefined) throw impersonated({ name });
    const own = this.#in(ctx).selectFrom(this.#table).select("id").where("accountId", "=", ctx.actor.id);
    const unfinished = await own.where("state", "in", open).limit(most).execute();
    if (unfinished.length >= most) throw tooManyRequests({ seconds: busySeconds });
  }

  /** Pauses it, goes on with it, or calls it off. @throws Fault `kit.conflict` in a state that doesn't allow it */
  async move(ctx: TxCtx, id: string, state: StepMove, change?: Change<Table>): Promise<StepRow<Table>> {
    const moved = await this.#in(ctx)
      .updateTable(this.#table)
      .set({
        ...change,
        state,
        ...(state === "cancelled" ? { endedAt: ctx.now() } : {}),
        ...(state === "waiting" ? { turn: newId(ctx.now()), why: null, endedAt: null } : {}),
      })
      .where("id", "=", id)
      .where("state", "in", state === "waiting" ? this.#resumable : moves[state])
      .returningAll()
      .executeTakeFirst();
    if (moved === undefined) throw conflict();
    if (state === "waiting") await ctx.queueTask(this.queue, moved.turn);
    return moved as unknown as StepRow<Table>;
  }

  /** Forgets what is kept no longer, some in each transaction: `drop` deletes one, and what goes with it. */
  async expire<Kept extends KeptTable & Table>(
    this: StepTable<Kept>,
    ctx: Ctx,
    drop: (ctx: TxCtx, row: StepRow<Kept>) => Promise<void>,
  ): Promise<void> {
    for (let gone = expiredAtOnce; gone === expiredAtOnce;)
      gone = await ctx.tx(async (ctx) => {
        const rows = this.#in(ctx).selectFrom(this.#table).selectAll().where("expiresAt", "<", ctx.now());
        const expired = await rows.limit(expiredAtOnce).forUpdate().skipLocked().execute();
        for (const row of expired) await drop(ctx, row as unknown as StepRow<Kept>);
        return expired.length;
      });
  }

  /**
   * Ends the work of a turn, unless somebody has paused or ended it.
   *
   * @param why nothing if it is through
   */
  async end(
    ctx: TxCtx,
    turn: string,
    why?: LocalizedText,
    change?: Change<Table>,
  ): Promise<StepRow<Table> | undefined> {
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
    return ended as StepRow<Table> | undefined;
  }

  /** Why a step can't be done, to whoever waits for it. */
  reasonOf({ code, definition, details }: Fault): LocalizedText {
    const { text } = definition;
    return this.#reasons[code] ?? { zh: fill(text.zh, details), en: fill(text.en, details) };
  }

  #in({ db }: Ctx): Kysely<{ stepped: SteppedColumns & { expiresAt: Date | null } }> {
    return db as unknown as Kysely<{ stepped: SteppedColumns & { expiresAt: Date | null } }>;
  }
}
