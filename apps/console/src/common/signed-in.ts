import { createPinia, defineStore } from "pinia";
import { ref } from "vue";
import type { Me } from "./session.ts";

/** The console's stores. Made here, because the API client needs the session before the application stands. */
export const pinia = createPinia();

const useSignedIn = defineStore("signedIn", () => {
  /** Null for nobody. */
  const me = ref<Me | null>(null);
  /** Another tab went on in another business. */
  const hasMoved = ref(false);
  /** Whether the account may do what `permission` (an object of a contract) names. */
  function can(permission: { readonly code: string }): boolean {
    return me.value?.permissions.includes(permission.code) ?? false;
  }
  return { me, hasMoved, can };
});

/** Who is signed in, for every component to watch. */
export const signedIn = useSignedIn(pinia);

/** Whether the account may do what `permission` names; follows the session when used in a template. */
export const can = signedIn.can;
