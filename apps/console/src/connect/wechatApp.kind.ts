import { connectRead } from "@zhanggui/server/engines/connect/connect.contract";
import { api } from "../common/api.ts";
import { inLanguage } from "../common/language.ts";
import { can } from "../common/signed-in.ts";
import { allOf, searched } from "../list/all-of.ts";
import type { Kind, Option } from "../list/kinds.ts";

interface App {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
}
export const kind: Kind = {
  options: async (signal, asked) => {
    if (!can(connectRead)) return [];
    const apps = await allOf(api.connect.listApps, signal, searched(asked));
    return apps.map(appOption);
  },
  to: ({ name }) => (can(connectRead) ? { name: "apps", query: { search: name } } : undefined),
};
export function appOption({ id, name, enabled }: App): Option {
  return { value: id, label: name, ...(enabled ? {} : { note: off() }) };
}
const off = (): string => inLanguage({ zh: "已停用", en: "Off" });
