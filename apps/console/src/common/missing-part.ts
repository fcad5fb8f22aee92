import { readonly, ref } from "vue";

/*
 * A part of the console that can't be loaded: the server is out of reach, or a newer version stands there, which no
 * longer has the files that this page names. Only a reload mends it.
 */

const missing = ref(false);
/** Whether a part couldn't be loaded. */
export const isPartMissing = readonly(missing);
/** Where the reader wanted to go when it was. */
let wanted: string | undefined;

/** Vite tells of every part that a page or a dialog asked for in vain. */
export function watchForMissingParts(): void {
  addEventListener("vite:preloadError", () => {
    missing.value = true;
  });
}

/** Notes the address that couldn't be opened, for the reload. */
export function wantPart(address: string): void {
  wanted = address;
}

export function forgetMissingPart(): void {
  missing.value = false;
  wanted = undefined;
}

/**
 * Loads the console anew, at the page that was wanted.
 *
 * @returns false if the server can't be reached: then what is on the screen is worth keeping
 */
export async function reloadConsole(): Promise<boolean> {
  const answer = await fetch("/", { method: "HEAD", cache: "no-store" }).catch(() => undefined);
  if (answer?.ok !== true) return false;
  if (wanted === undefined || wanted === location.pathname + location.search) location.reload();
  else location.assign(wanted);
  return true;
}
