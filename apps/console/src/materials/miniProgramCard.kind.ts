import { materialsRead } from "@zhanggui/server/engines/materials/materials.contract";
import { api } from "../common/api.ts";
import { inLanguage } from "../common/language.ts";
import { can } from "../common/signed-in.ts";
import type { Kind } from "../list/kinds.ts";

/** Mini-programs that an account can send the card of: nobody has to know the picture's id at WeChat. */
export const kind: Kind = {
  options: async (signal) => {
    if (!can(materialsRead)) return [];
    const { items } = await api.materials.listCards({ signal });
    const minis = new Map(items.map(({ miniProgram }) => [miniProgram.id, miniProgram.name]));
    return [...minis].map(([value, label]) => {
      const lacking = items.filter(({ miniProgram, canBeSent }) => miniProgram.id === value && !canBeSent);
      return lacking.length === 0
        ? { value, label }
        : { value, label, note: notMade(lacking.map(({ app }) => app.name)) };
    });
  },
};

const notMade = (accounts: readonly string[]): string =>
  inLanguage({
    zh: `在${accounts.join("、")}还没有做好`,
    en: `not made yet for ${accounts.join(", ")}`,
  });
