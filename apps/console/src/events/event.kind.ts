import { i18n, language } from "../common/language.ts";
import type { Kind } from "../list/kinds.ts";

/** `person_followed_v1` is the event `person_followed.v1`. */
const versioned = (name: string): string => name.replace(/_(v\d+)$/, ".$1");

export const kind: Kind = {
  options: () => {
    const modules = Object.entries<{ readonly eventNames?: Readonly<Record<string, string>> }>(
      i18n.global.getLocaleMessage(language.value),
    );
    const options = modules.flatMap(([module, { eventNames = {} }]) =>
      Object.entries(eventNames).map(([name, label]) => ({ value: `${module}.${versioned(name)}`, label })),
    );
    return Promise.resolve(options);
  },
};
