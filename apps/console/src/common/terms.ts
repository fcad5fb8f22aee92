import { ref } from "vue";

/** How often a call was refused because the business reads only: `TermsNote.vue` looks anew how it stands then. */
export const timesRefused = ref(0);

/** How often a call was refused because two-step sign-in is demanded of us by now. */
export const timesHeldBack = ref(0);

/** Looks at an answer: does our business read only, or demand a second factor, all of a sudden? */
export async function noteTerms(response: Response): Promise<void> {
  if (response.status !== 403) return;
  const told: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  const { code } = (told as { code?: string } | undefined) ?? {};
  if (code === "kit.read_only") timesRefused.value += 1;
  if (code === "kit.second_factor_due") timesHeldBack.value += 1;
}
