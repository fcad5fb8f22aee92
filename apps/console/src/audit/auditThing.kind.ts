import { inLanguage } from "../common/language.ts";
import type { Kind } from "../list/kinds.ts";
import { things } from "./things.ts";

export const kind: Kind = {
  options: async (signal) => (await things(signal)).map(({ kind, noun }) => ({ value: kind, label: inLanguage(noun) })),
};
