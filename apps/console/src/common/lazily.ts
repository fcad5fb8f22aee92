import { type Component, defineAsyncComponent, defineComponent, onMounted } from "vue";

/**
 * A dialog, a drawer or another part that is loaded when it is first shown. If it can't be, a note says so
 * (`MissingPartNote.vue`) and whoever shows it is told by `missing`, or else by `close`: so the next click asks for it
 * again, instead of finding it open already.
 */
export function lazily<Part extends Component>(load: () => Promise<{ readonly default: Part }>): Part {
  return defineAsyncComponent({ loader: async () => (await load()).default, errorComponent: GaveUp });
}

/** Stands where a part should, and has got its listeners. */
const GaveUp = defineComponent({
  inheritAttrs: false,
  props: { error: { type: Error, required: false } },
  setup(_, { attrs }) {
    const told = (attrs["onMissing"] ?? attrs["onClose"]) as (() => void) | undefined;
    onMounted(() => told?.());
    return () => null;
  },
});
