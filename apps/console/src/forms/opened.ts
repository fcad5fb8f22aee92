import { computed, type ComputedRef } from "vue";
import { useRoute, useRouter } from "vue-router";

export interface Opened {
  /** `new`, the id of what is edited, or empty while nothing is open. */
  readonly id: ComputedRef<string>;
  readonly open: (id?: string) => void;
  readonly close: () => void;
}

/**
 * Whether a page's form is open, and for which row. It stands in the address (`#new`, `#edit/<id>`): a link and the
 * palette can open it, Back closes it, and after an expired session it opens again with what was typed.
 *
 * @param word of which form, on a page that has several
 */
export function useOpened(word = "edit"): Opened {
  const route = useRoute();
  const router = useRouter();
  const prefix = `#${word}/`;
  const id = computed(() => {
    if (word === "edit" && route.hash === "#new") return "new";
    // The router decodes and encodes. Decoded twice, a `%` in an address would break the page.
    return route.hash.startsWith(prefix) ? route.hash.slice(prefix.length) : "";
  });
  const here = (hash: string) => ({ path: route.path, query: route.query, hash });
  return {
    id,
    open: (wanted = "new") => {
      const hash = word === "edit" && wanted === "new" ? "#new" : `${prefix}${wanted}`;
      void router.push(here(hash));
    },
    close: () => {
      // Who opened it here goes back, so that Back doesn't open it again.
      const { back } = history.state as { back?: string | null };
      if (back === router.resolve(here("")).fullPath) router.back();
      else void router.replace(here(""));
    },
  };
}
