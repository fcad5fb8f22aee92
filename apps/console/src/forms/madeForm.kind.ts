import { formsDesign } from "@zhanggui/server/foundation/forms/forms.contract";
import { api } from "../common/api.ts";
import { can } from "../common/signed-in.ts";
import { allOf, searched } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  options: async (signal, asked) => {
    if (!can(formsDesign)) return [];
    const forms = await allOf(api.forms.list, signal, searched(asked));
    return forms.map(({ id, name }) => ({ value: id, label: name }));
  },
};
