import { i18n, language } from "../common/language.ts";
import type { Kind } from "../list/kinds.ts";

/** The modules that have a name for people: those that lines of the log name. */
export const kind: Kind = {
  options: () => {
    const modules = Object.entries<{ readonly module?: string }>(i18n.global.getLocaleMessage(language.value));
    const options = modules.flatMap(([value, { module }]) => (module === undefined ? [] : [{ value, label: module }]));
    return Promise.resolve(options);
  },
};
