import type { Ctx } from "../ctx.ts";

/** What an act did that no row of an audited table tells. */
export interface Act {
  readonly kind?: "called" | "exported" | "signed_in";
  readonly outcome?: "done" | "refused" | "failed";
  /** The table and the id of what it was about, and what that is called. */
  readonly thing?: { readonly kind: string; readonly id: string; readonly title?: string };
  readonly details?: Readonly<Record<string, unknown>>;
  /** False: only if no change of the same call has left an entry. */
  readonly always?: boolean;
}

/** Adds an entry about the ctx's own call to the audit log of its tenant. */
export async function auditAct(ctx: Ctx, act: Act = {}): Promise<void> {
  const { kind = "called", outcome = "done", thing, details, always = true } = act;
  await ctx.sql`SELECT zg_audit_call(${kind}, ${outcome}, ${thing?.kind ?? ""}, ${thing?.id ?? ""},
    ${thing?.title ?? ""}, ${details === undefined ? null : JSON.stringify(details)}::jsonb, ${always})`;
}

/** What a list was narrowed to, as the log keeps it: not the words searched for, nor which page was asked for. */
export function narrowedTo(query: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { search, cursor: _, limit: __, ...rest } = query;
  return search === undefined ? rest : { ...rest, search: "…" };
}
