/** What a comment of the catalogue says: to people, and to the generator of row types. */
export interface CatalogueComment {
  /** Empty where it says nothing to people. */
  readonly text: string;
  /** The column's type, where PostgreSQL's own says too little. */
  readonly type?: string;
  /** Where that is imported from. */
  readonly from?: string;
}

/**
 * Reads `What is sent, in order. {type SceneItem[] from ./scene.contract.ts}`; landed migrations also say a type alone,
 * as `type SceneItem[]`.
 */
export function readComment(comment: string | null): CatalogueComment {
  const [, text = comment ?? "", said] =
    /^(.*?)\s*\{type (.+)\}$/s.exec(comment ?? "") ?? /^()type (.+)$/.exec(comment ?? "") ?? [];
  if (said === undefined) return { text };
  const [, type = said, from] = /^(.+?) from (\S+)$/.exec(said) ?? [];
  return { text, type, ...(from === undefined ? {} : { from }) };
}
