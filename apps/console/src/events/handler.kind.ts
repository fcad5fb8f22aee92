import { api } from "../common/api.ts";
import { i18n } from "../common/language.ts";
import type { Kind } from "../list/kinds.ts";
import { workLabel } from "./labels.ts";

export const kind: Kind = {
  options: async (signal) => {
    const { t, te } = i18n.global;
    const { handlers } = await api.events.getFigures({}, { signal });
    return handlers.map(({ handler, count, isMore }) => ({
      value: handler,
      label: workLabel(handler, t, te),
      note: `${count}${isMore ? "+" : ""}`,
    }));
  },
};
