import { api } from "../common/api.ts";
import { i18n } from "../common/language.ts";
import type { Kind } from "../list/kinds.ts";
import { workLabel } from "./labels.ts";

export const kind: Kind = {
  options: async (signal) => {
    const { t, te } = i18n.global;
    const { items } = await api.events.deadLetters({ limit: 200 }, { signal });
    return [...Map.groupBy(items, ({ handler }) => handler)].map(([handler, letters]) => ({
      value: handler,
      label: workLabel(handler, t, te),
      note: String(letters.length),
    }));
  },
};
