type Say = (key: string) => string;
type Knows = (key: string) => boolean;

/**
 * What an event is called by people, as its module's messages say (`eventNames`); its own name if they don't.
 *
 * @param name `<module>.<event>.v<number>`
 */
export function eventLabel(name: string, t: Say, te: Knows): string {
  const [module, ...rest] = name.split(".");
  const key = `${module}.eventNames.${rest.join("_")}`;
  return te(key) ? t(key) : name;
}

/**
 * What a handler, a job or a queue is called by people, as its module's messages say (`workNames`); its own name if
 * they don't.
 *
 * @param name `<module>.<handler>`
 */
export function workLabel(name: string, t: Say, te: Knows): string {
  const key = name.replace(/^kit\./, "operations.").replace(".", ".workNames.");
  return te(key) ? t(key) : name;
}

/** Who caused an event: an account, the system, WeChat. */
export function actorLabel(kind: string, t: Say, te: Knows): string {
  const key = `events.actors.${kind}`;
  return te(key) ? t(key) : kind;
}
