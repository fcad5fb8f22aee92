import { onBeforeUnmount, ref, type Ref } from "vue";

/** Whether the window is a phone's. */
export function useNarrow(): Readonly<Ref<boolean>> {
  const query = matchMedia("(max-width: 599px)");
  const isNarrow = ref(query.matches);
  const follow = (): void => void (isNarrow.value = query.matches);
  query.addEventListener("change", follow);
  onBeforeUnmount(() => query.removeEventListener("change", follow));
  return isNarrow;
}
