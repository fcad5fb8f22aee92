import { smsRead } from "@zhanggui/server/engines/sms/sms.contract";
import { api } from "../common/api.ts";
import { inLanguage } from "../common/language.ts";
import { can } from "../common/signed-in.ts";
import { allOf } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  options: async (signal) => {
    if (!can(smsRead)) return [];
    const accounts = await allOf(api.sms.listAccounts, signal);
    return accounts.map(({ id, name, enabled }) => ({ value: id, label: name, ...(enabled ? {} : { note: off() }) }));
  },
  to: ({ name }) => (can(smsRead) ? { name: "sms-accounts", query: { search: name } } : undefined),
};
const off = (): string => inLanguage({ zh: "已停用", en: "Off" });
