import { Injectable } from "@nestjs/common";
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
    // What the server does by turns, nobody did.
    const author = ctx.actor.kind === "account" ? { authorId: ctx.actor.id, authorName: ctx.actor.name } : {};
    return ctx.db
      .insertInto("messaging_note")
      .values({ conversationId, kind, ...author, toId: to?.id ?? null, toName: to?.name ?? null, text, until })
      .returningAll()
      .executeTakeFirstOrThrow();
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
