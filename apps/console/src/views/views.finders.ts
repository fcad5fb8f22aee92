import { api } from "../common/api.ts";
import { inLanguage } from "../common/language.ts";
import { pages } from "../pages.ts";
import type { Finder } from "../shell/finder.ts";

const group = { zh: "视图", en: "Views" };

/** The saved views of all lists that have a page. */
export const finders: readonly Finder[] = [
  {
    id: api.views.list.route.id,
    needs: [],
    searches: false,
    find: async (_search, signal) => {
      const { items } = await api.views.list({}, { signal });
      return items.flatMap(({ id, name, list }) => {
        const page = pages.find((each) => each.list === list);
        if (page === undefined) return [];
        const to = { name: page.name, query: { view: id } };
        return [{ id: `view-${id}`, group, label: name, note: inLanguage(page.title), icon: "bookmark", to }];
      });
    },
  },
];
