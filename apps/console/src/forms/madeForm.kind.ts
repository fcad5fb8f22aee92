import { formsDesign } from "@zhanggui/server/foundation/forms/forms.contract";
import { api } from "../common/api.ts";
import { can } from "../common/signed-in.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  options: async (signal) => {
    if (!can(formsDesign)) return [];
    const { items } = await api.forms.list({ limit: 200 }, { signal });
    return items.map(({ id, name }) => ({ value: id, label: name }));
  },
};
