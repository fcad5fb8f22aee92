const prefix = "messaging.rule:";

/**
 * The key by which an answer says what rule gave it.
 *
 * @param version which of the rule, for an answer of which something is still to be said
 */
export function ruleKey(id: string, version?: number): string {
  return version === undefined ? `${prefix}${id}` : `${prefix}${id}@${version}`;
}

/** The rule that gave an answer; undefined for one that none gave. */
export function ruleOf(by: string | null): string | undefined {
  return by?.startsWith(prefix) === true ? by.slice(prefix.length).split("@", 1)[0] : undefined;
}

/** Which version of it; undefined for an answer that doesn't say so. */
export function versionOf(by: string | null): number | undefined {
  const told = by?.split("@", 2)[1];
  return told === undefined ? undefined : Number(told);
}
