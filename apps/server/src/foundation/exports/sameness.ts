import { createHash } from "node:crypto";
import type { ExportFormat } from "@zhanggui/kit/contract/export-format";
import type { Language } from "@zhanggui/kit/contract/text";
import type { Actor } from "@zhanggui/kit/server/ctx";
import { type DataScope, dataScopes } from "@zhanggui/kit/contract/permission";
import type { ListAsked } from "@zhanggui/kit/server/http/list-export";

/** Raised when the same rows become another file. */
const edition = 1;

export interface Wanted {
  readonly list: string;
  readonly asked: ListAsked;
  readonly columns: readonly string[];
  readonly format: ExportFormat;
  readonly language: Language;
  readonly zone: string;
}

/**
 * What two exports have in common that are the same on one day: what is asked for, and by whom with which rights. The
 * day is the version of the data: what changed since the file was made isn't in it, and whoever is given it again is
 * told so.
 */
export function samenessOf({ asked, ...wanted }: Wanted, actor: Actor): string {
  const told = JSON.stringify(sorted({ edition, ...wanted, asked, id: actor.id, rights: rightsOf(actor) }));
  return createHash("sha256").update(told).digest("base64url");
}

/** What somebody may do, and how far, as it is kept. */
export interface HeldRights {
  readonly permissions: string[];
  readonly scopes: [string, DataScope][];
  /** Left out in rows that were written before there were departments. */
  readonly colleagueIds?: string[];
}

export function rightsOf({ permissions, scopes = new Map(), colleagueIds = new Set() }: Actor): HeldRights {
  return {
    permissions: [...permissions].toSorted(byName),
    scopes: [...scopes].toSorted(([a], [b]) => byName(a, b)),
    colleagueIds: [...colleagueIds].toSorted(byName),
  };
}

/** Whether somebody may still do all of it, and as far: a list may show more rows for another permission, too. */
export function mayStill({ permissions, scopes, colleagueIds = [] }: HeldRights, actor: Actor): boolean {
  const before = new Map(scopes);
  const reach = (scope: DataScope = "all") => dataScopes.indexOf(scope);
  return (
    permissions.every(
      (code) => actor.permissions.has(code) && reach(actor.scopes?.get(code)) >= reach(before.get(code)),
    ) && colleagueIds.every((id) => actor.colleagueIds?.has(id))
  );
}

const byName = (a: string, b: string): number => (a < b ? -1 : 1);

/** With the names of each object in one order: in which they were sent says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => byName(a, b));
  return Object.fromEntries(entries.map(([name, each]) => [name, sorted(each)]));
}
