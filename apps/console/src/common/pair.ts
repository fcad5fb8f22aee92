/** The same keys, other sentences. */
type SameKeys<Words> = { readonly [Key in keyof Words]: Words[Key] extends string ? string : SameKeys<Words[Key]> };

/** A module's words in both languages; a key that one of them lacks doesn't compile. */
export function pair<Words>(zh: Words, en: SameKeys<Words>): { zh: Words; en: SameKeys<Words> } {
  return { zh, en };
}
