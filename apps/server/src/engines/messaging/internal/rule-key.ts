const prefix = "messaging.rule:";

/** The key by which an answer says what rule gave it. */
export function ruleKey(id: string): string {
  return `${prefix}${id}`;
}

/** The rule that gave an answer; undefined for one that none gave. */
export function ruleOf(by: string | null): string | undefined {
  return by?.startsWith(prefix) === true ? by.slice(prefix.length) : undefined;
}
