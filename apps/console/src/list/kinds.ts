import type { FieldInfo } from "@zhanggui/kit/contract/field";
import type { Named } from "@zhanggui/kit/contract/named";
import type { RouteLocationRaw } from "vue-router";

/** A value that a filter can be set to. */
export interface Option {
  readonly value: string;
  readonly label: string;
  /** How many there are of it, or what else tells it apart. */
  readonly note?: string;
  /** Why it can't be chosen. */
  readonly why?: string;
}
/** What a module knows of a kind of its own: `tag.kind.ts` is asked for fields of the kind `tag`. */
export interface Kind {
  /** Everything that a filter can be set to. */
  readonly options?: (signal: AbortSignal) => Promise<readonly Option[]>;
  /** What a value is called that stands in an address, for kinds that are too many to list. */
  readonly nameOf?: (value: string, signal: AbortSignal) => Promise<string>;
  /** Where one of them is looked at; undefined for who may not. */
  readonly to?: (value: Named) => RouteLocationRaw | undefined;
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
