import { Injectable } from "@nestjs/common";
import { fill } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Extensions } from "@zhanggui/kit/server/extensions";
import { mask } from "@zhanggui/kit/server/mask";
import type { Task, Verdict } from "@zhanggui/kit/server/queue/definition";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { z } from "zod";
import { Tenants } from "../../access/tenants.ts";
import type { Channel } from "@zhanggui/kit/contract/contact-address";
import { type Kept, readySenders, type Sending as Outcome, wording } from "../code-sender.ts";
import { codeMessage } from "../codes.sealed.ts";

export const sendAttempts = 4;
const firstPauseMs = 5_000;
const longestReason = 200;

const KeptShape = z.object({ address: z.string(), code: z.string(), language: z.enum(["zh", "en"]), minutes: z.int() });

interface Item {
  readonly channel: Channel;
  readonly kept: Kept;
  readonly isWithheld: boolean;
}

/**
 * Brings codes out. The queue knows a row's id and nothing else; what is said is unsealed for the moment in which it is
 * handed over, and gone from the row after it. It ends here whatever comes of it: nothing of a message gets into an
 * error that is kept.
 */
@Injectable()
export class Sending {
  constructor(
    private readonly runtime: Runtime,
    private readonly tenants: Tenants,
    private readonly extensions: Extensions,
  ) {}

  async begin(ctx: TxCtx, { ref }: Task): Promise<{ item: Item } | undefined> {
    const row = await ctx.db
      .selectFrom("codes_code")
      .select(["id", "channel", "messageSealed", "isWithheld"])
      .where("id", "=", ref)
      .where("state", "=", "waiting")
      .where("expiresAt", ">", ctx.now())
      .executeTakeFirst();
    if (row === undefined || row.messageSealed === null) return undefined;
    const { id, channel, isWithheld } = row;
    const opened = this.runtime.secrets.open(row.messageSealed, codeMessage.context({ id }));
    return { item: { channel, kept: KeptShape.parse(JSON.parse(opened)), isWithheld } };
  }

  async send(ctx: Ctx, { ref: id }: Task, { channel, kept, isWithheld }: Item): Promise<Outcome> {
    if (isWithheld) return { kind: "sent" };
    const [sender] = await readySenders(ctx, this.extensions, channel);
    if (sender === undefined) return { kind: "refused", reason: "nobody brings codes this way" };
    const { address, code, language, minutes } = kept;
    const { name: business } = await this.tenants.get(ctx.tenantId);
    const said = { business, code, minutes: String(minutes) };
    const subject = fill(wording.subject[language], said);
    const text = fill(wording.text[language], said);
    try {
      return await sender.send(ctx, { id, address, subject, text, values: said });
    } catch (error) {
      return { kind: "later", reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async settle(ctx: TxCtx, { ref, attempt }: Task, { kept, isWithheld }: Item, outcome: Outcome): Promise<Verdict> {
    if (outcome.kind === "later" && attempt < sendAttempts) return { retryAfterMs: firstPauseMs * 2 ** (attempt - 1) };
    const isSent = outcome.kind === "sent";
    // Whoever was to send it may have said it back.
    const failure = isSent ? null : mask(outcome.reason.replaceAll(kept.code, "******")).slice(0, longestReason);
    await ctx.db
      .updateTable("codes_code")
      .set({
        state: isSent ? "sent" : "failed",
        failure,
        messageSealed: null,
        ...(isSent && !isWithheld && { sentAt: ctx.now() }),
      })
      .where("id", "=", ref)
      .where("state", "=", "waiting")
      .execute();
  }
}
