import { type Ref, shallowRef, watch } from "vue";
import { isMeant, loadPinyin } from "./pinyin.ts";

/**
 * Whether a name is what somebody types, as it is written or as it sounds. How names sound is loaded once somebody
 * types letters: only they can be the sound of something. Until then, and where it can't be loaded, only what is
 * written counts.
 */
export function useSound(typed: Readonly<Ref<string>>): (name: string) => boolean {
  const soundOf = shallowRef<Awaited<ReturnType<typeof loadPinyin>>>();
  watch(
    typed,
    (now) => {
      if (!/[a-z]/i.test(now) || soundOf.value !== undefined) return;
      void loadPinyin().then(
        (loaded) => (soundOf.value = loaded),
        () => undefined,
      );
    },
    { immediate: true },
  );
  return (name) => isMeant(name, typed.value, soundOf.value);
}
