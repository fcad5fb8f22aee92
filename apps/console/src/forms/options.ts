import type { FormField } from "@zhanggui/forms/form";
import { computed, onScopeDispose, ref, shallowRef, watch } from "vue";
import { inLanguage } from "../common/language.ts";
import { showTrouble } from "../common/show-trouble.ts";
import { isAbort } from "../common/trouble.ts";
import { kindOf, type Option } from "../list/kinds.ts";

/** What a field can be set to: its own choices, or what the module of its kind lists. */
export function useOptions(field: () => FormField) {
  const listed = shallowRef<readonly Option[]>([]);
  const isLoading = ref(false);
  const abort = new AbortController();
  onScopeDispose(() => abort.abort());

  async function load({ kind, choices }: FormField): Promise<void> {
    if (choices !== undefined) return;
    isLoading.value = true;
    try {
      listed.value = (await (await kindOf({ kind }))?.options?.(abort.signal)) ?? [];
    } catch (error) {
      if (!isAbort(error)) showTrouble(error);
    } finally {
      isLoading.value = false;
    }
  }
  watch(field, (now) => void load(now), { immediate: true });
  const options = computed<readonly Option[]>(() => {
    const { choices } = field();
    if (choices === undefined) return listed.value;
    return Object.entries(choices).map(([value, choice]) => ({ value, label: inLanguage(choice) }));
  });
  return { options, isLoading };
}
