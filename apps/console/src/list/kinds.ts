import type { FieldInfo } from "@zhanggui/kit/contract/field";
import type { Named } from "@zhanggui/kit/contract/named";
import type { RouteLocationRaw } from "vue-router";
import { mostListed } from "./all-of.ts";

/** A value that a filter can be set to. */
export interface Option {
  readonly value: string;
  readonly label: string;
  /** How many there are of it, or what else tells it apart. */
  readonly note?: string;
  /** Why it can't be chosen. */
  readonly why?: string;
}
/** What the values of a kind are narrowed to. */
export interface Asked {
  /** What is typed so far: the server looks for it, since there may be more than anybody is shown. */
  readonly search?: string;
  /** What else the form has chosen, by the names of its fields: an account's material is another's no material. */
  readonly of?: Readonly<Record<string, string>>;
}
/** What a module knows of a kind of its own: `tag.kind.ts` is asked for fields of the kind `tag`. */
export interface Kind {
  /** What a filter or a field can be set to: all, or the first `mostListed` of those that are asked for. */
  readonly options?: (signal: AbortSignal, asked?: Asked) => Promise<readonly Option[]>;
  /** As many as are listed at once, for kinds that have fewer than `mostListed`. */
  readonly most?: number;
  /** The other fields of a form that its values depend on. */
  readonly narrowedBy?: readonly string[];
  /** What a value is called that stands in an address, for kinds that are too many to list. */
  readonly nameOf?: (value: string, signal: AbortSignal) => Promise<string>;
  /** Where one of them is looked at; undefined for who may not. */
  readonly to?: (value: Named) => RouteLocationRaw | undefined;
}

/** Whether a list may lack some of a kind's values: what is typed is then asked of the server. */
export function isPartial(kind: Kind | undefined, listed: readonly Option[]): boolean {
  return listed.length >= (kind?.most ?? mostListed);
}

const found = import.meta.glob<{ readonly kind: Kind }>("../*/*.kind.ts");

/** Whether some module lists the values of a kind. */
export function isListed(kind: string): boolean {
  return Object.keys(found).some((path) => path.endsWith(`/${kind}.kind.ts`));
}

/** What is known of a field's kind; undefined if no module says anything. */
export async function kindOf({ kind }: Pick<FieldInfo, "kind">): Promise<Kind | undefined> {
  const load = Object.entries(found).find(([path]) => path.endsWith(`/${kind}.kind.ts`))?.[1];
  return load === undefined ? undefined : (await load()).kind;
}
