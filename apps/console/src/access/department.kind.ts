import { api } from "../common/api.ts";
import { allOf, searched } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";

/** Named from the top, in the order of the tree: two shops may both have a kitchen. */
export const kind: Kind = {
  options: async (signal, asked) => {
    const departments = await allOf(api.access.listDepartments, signal, searched(asked));
    return departments
      .map(({ id, path }) => ({ value: id, label: path.join(" / ") }))
      .toSorted((a, b) => a.label.localeCompare(b.label, "zh-CN"));
  },
};
