import { Fault } from "@zhanggui/kit/contract/fault";
import { forbidden } from "@zhanggui/kit/contract/faults";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { queue, type QueueBinding } from "@zhanggui/kit/server/module";
import type { Task, Verdict } from "@zhanggui/kit/server/queue/definition";
import type { Runtime } from "@zhanggui/kit/server/runtime";
import type { Rights } from "../access/rights.ts";
import { gaveUp, type StepRow, type SteppedTable, type StepTable } from "./step-table.ts";

/** From this attempt on a row that breaks a step is left behind, as failed. */
export const patientFrom = 3;

/**
 * Works off the rows of a `StepTable`: a subclass says what one step is, and what is told at the end. What a fault
 * means to whoever waits for it, the table says.
 */
export abstract class StepRunner<Table extends SteppedTable> {
  constructor(
    protected readonly steps: StepTable<Table>,
    protected readonly runtime: Runtime,
    protected readonly rights: Rights,
  ) {}

  async begin(ctx: TxCtx, { ref }: Task) {
    const row = await this.steps.begin(ctx, ref);
    return row && { item: row };
  }

  async run(ctx: Ctx, task: Task, row: StepRow<Table>): Promise<void> {
    const why = await this.#whyNot(ctx, row, task);
    if (why === undefined) return;
    const as = (await this.asRequester(ctx, row)) ?? ctx;
    await as.tx((ctx) => this.end(ctx, task.ref, why));
  }

  /** The next step comes at once, if there is one. */
  settle(ctx: TxCtx, task: Task): Promise<Verdict> {
    return this.steps.settle(ctx, task);
  }

  /** What goes wrong again and again isn't tried for ever, and whoever waits for it hears so. */
  async failed(ctx: TxCtx, { ref }: Task, _error: unknown, dead: boolean): Promise<void> {
    if (dead) await this.end(ctx, ref, gaveUp);
  }

  /**
   * One step. How far it got must be stored with what it did, or not at all: the process may die at any point.
   *
   * @returns why it can't go on
   * @throws Fault which the table's reasons have words for
   */
  protected abstract step(ctx: Ctx, row: StepRow<Table>, task: Task): Promise<LocalizedText | undefined>;

  /**
   * Ends the work of a turn and tells about it, unless somebody has paused or ended it.
   *
   * @param why nothing if it is through
   */
  protected abstract end(ctx: TxCtx, turn: string, why?: LocalizedText): Promise<void>;

  /** The call that the audit log names for what a step changes. */
  protected callOf(_row: StepRow<Table>): { readonly act?: string; readonly callId?: string } {
    return {};
  }

  /** What an error means to whoever waits for it; undefined for one that is worth another try. */
  protected reasonOf(error: unknown): LocalizedText | undefined {
    return error instanceof Fault ? this.steps.reasonOf(error) : undefined;
  }

  /** As whoever asked for it, with what they may do by now; undefined for an account that is switched off. */
  protected async asRequester(ctx: Ctx, row: StepRow<Table>): Promise<Ctx | undefined> {
    const { accountId, traceId } = row;
    const actor = await this.rights.actor(ctx, accountId);
    return actor && this.runtime.ctx(ctx.tenantId, { actor, traceId, signal: ctx.signal, ...this.callOf(row) });
  }

  /** The same. @throws Fault `kit.forbidden` for an account that is switched off */
  protected async demandRequester(ctx: Ctx, row: StepRow<Table>): Promise<Ctx> {
    const as = await this.asRequester(ctx, row);
    if (as === undefined) throw forbidden({ permission: "" });
    return as;
  }

  async #whyNot(ctx: Ctx, row: StepRow<Table>, task: Task): Promise<LocalizedText | undefined> {
    try {
      return await this.step(ctx, row, task);
    } catch (error) {
      const why = this.reasonOf(error);
      if (why === undefined) throw error;
      return why;
    }
  }
}

/** The queue of a runner's steps: its name in the module is `step`. */
export function stepQueue<Table extends SteppedTable>(
  { begin, run, settle, failed }: Pick<StepRunner<Table>, "begin" | "run" | "settle" | "failed">,
  settings: Pick<QueueBinding, "waitsWhileReadOnly" | "timeoutMs"> & { readonly concurrency: number },
) {
  return queue({ effect: "outside", concurrencyPerTenant: 1, attempts: 5, ...settings, begin, run, settle, failed });
}
