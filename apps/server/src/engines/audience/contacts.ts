import { Injectable } from "@nestjs/common";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Identities } from "./internal/identities.ts";
import { addPerson, lockPerson } from "./internal/people.ts";

/** For engines that know somebody by a phone number or a mail address which they have shown to be theirs. */
@Injectable()
export class Contacts {
  constructor(private readonly identities: Identities) {}

  /** Whether a record still stands for somebody: it is there, and wasn't merged into another. */
  async stands(ctx: Ctx, personId: string): Promise<boolean> {
    const row = await ctx.db
      .selectFrom("audience_person")
      .select("id")
      .where("id", "=", personId)
      .where("mergedInto", "is", null)
      .executeTakeFirst();
    return row !== undefined;
  }

  /**
   * For whoever has shown that a phone number or a mail address is theirs: who they are, locked; a new person if nobody
   * has it yet. Of two who come at once, both are the same one.
   */
  async ofContact(ctx: TxCtx, kind: "phone" | "mail", value: string, displayName: string): Promise<string> {
    const known = await this.identities.whose(ctx, kind, value);
    if (known !== undefined) return lockPerson(ctx, known);
    const added = await addPerson(ctx, displayName);
    const owner = await this.identities.claim(ctx, added, kind, value);
    if (owner === added) return added;
    await ctx.db.deleteFrom("audience_person").where("id", "=", added).execute();
    return lockPerson(ctx, owner);
  }
}
