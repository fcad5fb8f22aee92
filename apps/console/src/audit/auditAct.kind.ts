import { inLanguage } from "../common/language.ts";
import type { Kind } from "../list/kinds.ts";
import { acts } from "./acts.ts";

export const kind: Kind = {
  options: async () => Object.entries(acts).map(([value, words]) => ({ value, label: inLanguage(words) })),
};
