import { shallowRef } from "vue";

/** What the server says while it is closed for work on it. */
export interface ClosedNote {
  readonly messageZh: string;
  readonly messageEn: string;
  readonly endsAt: string | null;
}
/** Set while whoever is here is kept out: `shell/MaintenanceCover.vue` stands before everything then. */
export const closed = shallowRef<ClosedNote>();

const askAgainMs = 5000;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Looks at an answer: is the server closed to us? */
export async function noteClosed(response: Response): Promise<void> {
  if (response.status !== 503 || closed.value !== undefined) return;
  const told: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  if ((told as { code?: string } | undefined)?.code !== "kit.maintenance") return;
  closed.value = { messageZh: "", messageEn: "", endsAt: null };
  await ask();
}

/** Lets somebody sign in who may pass. */
export function forgetClosed(): void {
  clearTimeout(timer);
  closed.value = undefined;
}

/** Until it is open again; then the page begins anew, with the session it had. */
async function ask(): Promise<void> {
  const told = await fetch("/api/maintenance", { cache: "no-store" })
    .then((answer) => answer.json() as Promise<ClosedNote & { readonly isOn?: boolean }>)
    .catch(() => undefined);
  if (closed.value === undefined) return;
  if (told?.isOn === false) {
    location.reload();
    return;
  }
  if (told?.isOn) closed.value = told;
  timer = setTimeout(() => void ask(), askAgainMs);
}
