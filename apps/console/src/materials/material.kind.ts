import { materialKinds } from "@zhanggui/server/engines/materials/materials.contract";
import { api } from "../common/api.ts";
import { inLanguage } from "../common/language.ts";
import { allOf, searched } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";

/** What can be mass sent: whatever WeChat would refuse isn't offered. */
export const kind: Kind = {
  narrowedBy: ["wechatAppId"],
  options: async (signal, asked) => {
    const items = await allOf(api.materials.list, signal, { ...searched(asked), ...asked?.of, massSending: ["yes"] });
    return items.map(({ id, name, kind, app }) => ({
      value: id,
      label: name,
      note: `${inLanguage(materialKinds[kind])} · ${app.name}`,
    }));
  },
};
