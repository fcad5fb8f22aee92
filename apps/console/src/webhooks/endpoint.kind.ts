import { webhooksRead } from "@zhanggui/server/foundation/webhooks/webhooks.contract";
import { api } from "../common/api.ts";
import { inLanguage } from "../common/language.ts";
import { can } from "../common/signed-in.ts";
import { allOf, searched } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  options: async (signal, asked) => {
    if (!can(webhooksRead)) return [];
    const endpoints = await allOf(api.webhooks.listEndpoints, signal, searched(asked));
    return endpoints.map(({ id, name, enabled }) => ({ value: id, label: name, ...(enabled ? {} : { note: off() }) }));
  },
  to: ({ name }) => ({ name: "webhooks", query: { search: name } }),
};
const off = (): string => inLanguage({ zh: "已停用", en: "Off" });
