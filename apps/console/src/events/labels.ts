type Say = (key: string) => string;
type Knows = (key: string) => boolean;

/** What an event is called by people; its own name if nobody has named it yet. */
export function eventLabel(name: string, t: Say, te: Knows): string {
  const key = `events.names.${name.replaceAll(".", "_")}`;
  return te(key) ? t(key) : name;
}

/** Who caused an event: an account, the system, WeChat. */
export function actorLabel(kind: string, t: Say, te: Knows): string {
  const key = `events.actors.${kind}`;
  return te(key) ? t(key) : kind;
}
