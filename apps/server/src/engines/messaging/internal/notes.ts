import { Injectable } from "@nestjs/common";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { Selectable } from "kysely";
import type { MessagingTables } from "../messaging.tables.ts";

export type NoteRow = Selectable<MessagingTables["messaging_note"]>;
interface NewNote {
  readonly kind: NoteRow["kind"];
  readonly to?: { readonly id: string; readonly name: string } | undefined;
  readonly text?: string | undefined;
  readonly until?: Date;
}

/** What staff note in conversations, and do to them. */
@Injectable()
export class Notes {
  async add(ctx: TxCtx, conversationId: string, { kind, to, text, until }: NewNote): Promise<NoteRow> {
    // What the server does by turns, nobody did. A program that calls with a key of somebody's is somebody.
    const author = ctx.actor.kind === "system" ? {} : { authorId: ctx.actor.id, authorName: ctx.actor.name };
    // Its place among the answers: ids made here rise, also within a millisecond.
    const id = newId(ctx.now());
    return ctx.db
      .insertInto("messaging_note")
      .values({ id, conversationId, kind, ...author, toId: to?.id ?? null, toName: to?.name ?? null, text, until })
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  /** Whether somebody has closed the conversation or put it off since then, an id of an answer. */
  async decidedSince(ctx: Ctx, conversationId: string, since: string): Promise<boolean> {
    const decided = ctx.db.selectFrom("messaging_note").select("id").where("conversationId", "=", conversationId);
    const found = await decided
      .where("id", ">", since)
      .where("kind", "in", ["closed", "snoozed"])
      .limit(1)
      .executeTakeFirst();
    return found !== undefined;
  }

  /** Newest first; those before an id. */
  of(ctx: Ctx, conversationId: string, before: string | undefined, limit: number): Promise<NoteRow[]> {
    return ctx.db
      .selectFrom("messaging_note")
      .selectAll()
      .where("conversationId", "=", conversationId)
      .$if(before !== undefined, (query) => query.where("id", "<", before ?? ""))
      .orderBy("id", "desc")
      .limit(limit)
      .execute();
  }
}
