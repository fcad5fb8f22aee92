import { nextTick, onScopeDispose, type Ref, ref, watch } from "vue";

/** Below this the menu takes a quarter of the window: it folds into a drawer. The style of `Shell.vue` says so too. */
const narrow = "(max-width: 899px)";

/**
 * The menu as a drawer, in windows too narrow for a menu beside the page. While it is open the page behind it can't be
 * reached, and the focus is inside; closing brings the focus back to `opener`.
 */
export function useDrawer(drawer: Ref<HTMLElement | undefined>, opener: Ref<HTMLElement | undefined>) {
  const query = matchMedia(narrow);
  const isNarrow = ref(query.matches);
  const isOpen = ref(false);
  const onChange = ({ matches }: { readonly matches: boolean }): void => {
    isNarrow.value = matches;
    isOpen.value = false;
  };
  query.addEventListener("change", onChange);
  onScopeDispose(() => query.removeEventListener("change", onChange));

  watch(isOpen, async (now) => {
    await nextTick();
    if (now) drawer.value?.querySelector("a")?.focus();
    else if (isNarrow.value) opener.value?.focus();
  });
  return {
    isNarrow,
    isOpen,
    open: () => {
      isOpen.value = isNarrow.value;
    },
    close: () => {
      isOpen.value = false;
    },
  };
}
