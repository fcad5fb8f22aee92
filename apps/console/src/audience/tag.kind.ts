import { api } from "../common/api.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  options: async (signal) => {
    const { items } = await api.audience.listTags({}, { signal });
    return items.map(({ id, name, people }) => ({ value: id, label: name, note: String(people) }));
  },
};
