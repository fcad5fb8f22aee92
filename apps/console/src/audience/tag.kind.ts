import { api } from "../common/api.ts";
import { counted } from "../common/counted.ts";
import { allOf, searched } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  options: async (signal, asked) => {
    const items = await allOf(api.audience.listTags, signal, searched(asked));
    return items.map(({ id, name, people }) => ({ value: id, label: name, note: counted(people) }));
  },
};
