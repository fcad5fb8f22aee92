import { type Component, defineAsyncComponent, defineComponent, h, onBeforeUnmount, onMounted } from "vue";

/**
 * A dialog, a drawer or another part that is loaded when it is first shown. If it can't be, a note says so
 * (`MissingPartNote.vue`) and whoever shows it is told by `missing`, or else by `close`: so the next click asks for it
 * again, instead of finding it open already. Esc closes it before it has come, too.
 */
export function lazily<Part extends Component>(load: () => Promise<{ readonly default: Part }>): Part {
  return defineAsyncComponent({
    loader: async () => (await load()).default,
    loadingComponent: Coming,
    delay: 0,
    errorComponent: GaveUp,
  });
}

type Told = (() => void) | undefined;

/** Stands where a part will. Whoever waits for a page to be whole finds it by `aria-busy`. */
const Coming = defineComponent({
  inheritAttrs: false,
  setup(_, { attrs }) {
    const close = attrs["onClose"] as Told;
    function onKey(event: KeyboardEvent): void {
      if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
      // What lies below stays open: a dialog that this one was opened from.
      event.stopImmediatePropagation();
      close?.();
    }
    if (close !== undefined) {
      onMounted(() => addEventListener("keydown", onKey, { capture: true }));
      onBeforeUnmount(() => removeEventListener("keydown", onKey, { capture: true }));
    }
    return () => h("span", { hidden: true, "aria-busy": "true" });
  },
});

/** Stands where a part should, and has got its listeners. */
const GaveUp = defineComponent({
  inheritAttrs: false,
  props: { error: { type: Error, required: false } },
  setup(_, { attrs }) {
    const told = (attrs["onMissing"] ?? attrs["onClose"]) as Told;
    onMounted(() => told?.());
    return () => null;
  },
});
