import { defaultZone } from "@zhanggui/kit/contract/business-day";
import { computed } from "vue";
import { signedIn } from "./signed-in.ts";
import { language } from "./language.ts";

/** The tenant's zone and the reader's language: what times are written in. */
export function usePlace() {
  return computed(() => ({ zone: signedIn.me?.tenant.zone ?? defaultZone, language: language.value }));
}
