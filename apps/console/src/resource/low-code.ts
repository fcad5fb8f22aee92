import { h } from "vue";
import type { Page } from "../common/pages.ts";
import { onePage } from "./names.ts";
import type { Resource } from "./resource.ts";

/**
 * The pages of a resource, for a module's list of pages: what the menu needs. The rest is loaded with the page.
 *
 * @param page `opens`: each row has a page of its own, at `<path>/:id`
 */
export function lowCode(
  { opens = false, ...page }: Omit<Page, "view"> & { readonly opens?: boolean },
  load: () => Promise<{ readonly resource: Resource }>,
): readonly Page[] {
  const viewOf = (view: () => Promise<{ readonly default: object }>) => async () => {
    const [{ resource }, { default: component }] = await Promise.all([load(), view()]);
    return { default: { render: () => h(component as never, { resource }) } };
  };
  const { menu: _menu, creates: _creates, list: _list, ...rest } = page;
  const list = { ...page, view: viewOf(() => import("./ResourceList.vue")) };
  if (!opens) return [list];
  const detail = { ...rest, path: `${page.path}/:id`, name: onePage(page.name) };
  return [list, { ...detail, view: viewOf(() => import("./ResourcePage.vue")) }];
}
