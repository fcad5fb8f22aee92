import { connectRead } from "@zhanggui/server/engines/connect/connect.contract";
import { api } from "../common/api.ts";
import { inLanguage } from "../common/language.ts";
import { can } from "../common/signed-in.ts";
import { allOf, searched } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  narrowedBy: ["wechatAppId"],
  options: async (signal, asked) => {
    if (!can(connectRead)) return [];
    const channels = await allOf(api.connect.listChannels, signal, { ...searched(asked), ...asked?.of });
    return channels.map(({ id, name, enabled }) => ({ value: id, label: name, ...(enabled ? {} : { note: off() }) }));
  },
  to: ({ name }) => (can(connectRead) ? { name: "channels", query: { search: name } } : undefined),
};
const off = (): string => inLanguage({ zh: "已停用", en: "Off" });
