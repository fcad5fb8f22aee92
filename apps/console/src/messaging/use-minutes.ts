import { onScopeDispose, ref, type Ref } from "vue";

/** Now, in milliseconds, as often as words like "5 minutes left" change. */
export function useMinutes(): Ref<number> {
  const now = ref(Date.now());
  const timer = setInterval(() => (now.value = Date.now()), 30_000);
  onScopeDispose(() => clearInterval(timer));
  return now;
}
