import { connectRead } from "@zhanggui/server/engines/connect/connect.contract";
import { api } from "../common/api.ts";
import { inLanguage } from "../common/language.ts";
import { can } from "../common/signed-in.ts";
import { allOf } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  options: async (signal) => {
    if (!can(connectRead)) return [];
    const apps = await allOf(api.connect.listApps, signal);
    return apps.map(({ id, name, enabled }) => ({ value: id, label: name, ...(enabled ? {} : { note: off() }) }));
  },
  to: ({ name }) => (can(connectRead) ? { name: "apps", query: { search: name } } : undefined),
};
const off = (): string => inLanguage({ zh: "已停用", en: "Off" });
