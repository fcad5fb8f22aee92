import type { Arguments } from "@zhanggui/kit/contract/client";
import type { Contract, Route } from "@zhanggui/kit/contract/route";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Component } from "vue";
import type { z } from "zod";
import type { IconName } from "../common/icons.ts";

/*
 * Pages without a component of their own: `<x>.resource.ts` names the routes of a contract and says what the contract
 * doesn't, and the pages of a list, of one of its rows and the forms follow. What isn't in the contract (a route, a
 * parameter, a field) doesn't compile; the rest is refused with a sentence (`calls.ts`).
 */

type Names<Type> = keyof Type & string;
type ItemOf<R> = R extends { readonly reply: infer Reply extends z.ZodType; readonly list: unknown }
  ? z.output<Reply> extends { items: (infer Item)[] }
    ? Item
    : never
  : never;
type ListsOf<C extends Contract> = { [Key in Names<C>]: ItemOf<C[Key]> extends never ? never : Key }[Names<C>];
type ParamsOf<R> = R extends { readonly params: infer Params extends z.ZodObject } ? Names<z.input<Params>> : never;

/** One of the contract's routes that takes a row's id, and the parameter that takes it. */
type OfOne<C extends Contract, Extra> = {
  [Key in Names<C>]: ParamsOf<C[Key]> extends never
    ? never
    : { readonly route: Key; readonly id: ParamsOf<C[Key]> } & Extra;
}[Names<C>];
type Edit<C extends Contract, Item> = {
  [Key in Names<C>]: ParamsOf<C[Key]> extends never
    ? never
    : {
        readonly route: Key;
        readonly id: ParamsOf<C[Key]>;
        readonly title: LocalizedText;
        /** What the form begins with: fields of a row that the route's body takes. */
        readonly fields: readonly (Names<Item> & Names<Arguments<C[Key]>>)[];
      };
}[Names<C>];
type Toggle<C extends Contract, Item> = {
  [Key in Names<C>]: ParamsOf<C[Key]> extends never
    ? never
    : {
        readonly route: Key;
        readonly id: ParamsOf<C[Key]>;
        readonly field: Names<Item> & Names<Arguments<C[Key]>>;
      };
}[Names<C>];

/** What is asked before a row is deleted; `{name}` is what the row says in its field of that name. */
interface Remove {
  readonly sure: { readonly title: LocalizedText; readonly sentence: LocalizedText };
}

type DeclarationOf<C extends Contract, List extends Names<C>, Item> = {
  /** The module, by its contract's name. */
  readonly module: string;
  readonly list: List;
  readonly hint?: LocalizedText;
  /** Says why a list that nobody narrowed has nothing, and what to do. */
  readonly empty?: { readonly icon: IconName; readonly hint: LocalizedText };
  /** Reads one row: then rows open to a page of their own. `beside` shows more of it, such as its timeline. */
  readonly get?: OfOne<C, { readonly beside?: () => Promise<{ readonly default: Component }> }>;
  readonly create?: { readonly route: Names<C>; readonly title: LocalizedText };
  readonly edit?: Edit<C, Item>;
  readonly toggle?: Toggle<C, Item>;
  readonly remove?: OfOne<C, Remove>;
};
/** For each list of the contract, what may be said of it. */
type Declaration<C extends Contract> = {
  [List in ListsOf<C>]: DeclarationOf<C, List, ItemOf<C[List]>>;
}[ListsOf<C>];

/** A declaration as the pages read it. */
export interface Resource {
  readonly module: string;
  readonly list: string;
  readonly hint?: LocalizedText;
  readonly empty?: { readonly icon: IconName; readonly hint: LocalizedText };
  readonly get?: {
    readonly route: string;
    readonly id: string;
    readonly beside?: () => Promise<{ readonly default: Component }>;
  };
  readonly create?: { readonly route: string; readonly title: LocalizedText };
  readonly edit?: {
    readonly route: string;
    readonly id: string;
    readonly title: LocalizedText;
    readonly fields: readonly string[];
  };
  readonly toggle?: { readonly route: string; readonly id: string; readonly field: string };
  readonly remove?: { readonly route: string; readonly id: string } & Remove;
}

/** Declares the pages of a list: `resourceOf<typeof links>({ module: "links", list: "list", … })`. */
export function resourceOf<C extends Readonly<Record<string, Route>>>(declaration: Declaration<C>): Resource {
  return declaration;
}
