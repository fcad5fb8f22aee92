import { smsRead } from "@zhanggui/server/engines/sms/sms.contract";
import { api } from "../common/api.ts";
import { can } from "../common/signed-in.ts";
import { allOf } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  options: async (signal) => {
    if (!can(smsRead)) return [];
    const templates = await allOf(api.sms.listTemplates, signal);
    return templates.map(({ id, name }) => ({ value: id, label: name }));
  },
  to: ({ name }) => (can(smsRead) ? { name: "sms-templates", query: { search: name } } : undefined),
};
