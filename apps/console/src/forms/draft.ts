import type { Form, FormField } from "@zhanggui/forms/form";
import { fieldsIn } from "@zhanggui/forms/form-state";
import { type Values, withValue } from "@zhanggui/forms/values";
import { onBeforeUnmount, ref, shallowRef, watch } from "vue";
import { signedIn } from "../common/signed-in.ts";

/** How long typing must pause before the draft is kept. */
const pauseMs = 300;

/**
 * What somebody types and hasn't sent, kept in this tab: it outlives an expired session, a reload and a wrong turn, and
 * goes with the tab. Of one account: who signs in after somebody else finds nothing of theirs. Kept is only what they
 * changed: of the rest, what stands there by then holds, whoever has changed that.
 *
 * @param name of which form
 * @param start what the form begins with when there is no draft
 */
export function useDraft(name: string, form: Form, start: Values) {
  const key = `zhanggui.draft:${signedIn.me?.account.id ?? ""}:${name}`;
  const found = read(key);
  const values = shallowRef<Values>({ ...start, ...found });
  const isRestored = ref(found !== undefined);
  let isOver = false;
  const isDirty = (): boolean => !isOver && JSON.stringify(values.value) !== JSON.stringify(start);
  const keep = (): void =>
    isDirty() ? write(key, withoutSecrets(form, changedIn(values.value, start))) : sessionStorage.removeItem(key);
  let timer: ReturnType<typeof setTimeout> | undefined;
  watch(values, () => {
    clearTimeout(timer);
    timer = setTimeout(keep, pauseMs);
  });
  // A reload, or a link in the same tab, unmounts nothing.
  addEventListener("pagehide", keep);
  onBeforeUnmount(() => {
    removeEventListener("pagehide", keep);
    clearTimeout(timer);
    keep();
  });
  return {
    values,
    isRestored,
    /** Whether there is anything to lose. */
    isDirty,
    /** It is sent, or nobody wants it. */
    discard: (): void => {
      isOver = true;
      sessionStorage.removeItem(key);
    },
    reset: (): void => {
      values.value = start;
      isRestored.value = false;
    },
  };
}

/** What is another value now than before; undefined for what is gone. */
export function changedIn(now: Values, before: Values): Values {
  const names = new Set([...Object.keys(now), ...Object.keys(before)]);
  const changed = [...names].filter((name) => JSON.stringify(now[name]) !== JSON.stringify(before[name]));
  return Object.fromEntries(changed.map((name) => [name, now[name]]));
}

function read(key: string): Values | undefined {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(key) ?? "null");
    return typeof found === "object" && found !== null ? (found as Values) : undefined;
  } catch {
    return undefined;
  }
}

/** A tab whose storage is full or forbidden keeps nothing, and the form works all the same. */
function write(key: string, values: Values): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(values));
  } catch {
    // Nothing is lost that is on the screen.
  }
}

export function isSecret({ input }: FormField): boolean {
  return input === "password" || input === "secret";
}

/** A secret that lies about in a tab's storage is none. */
function withoutSecrets(form: Form, values: Values): Values {
  const secrets = [...fieldsIn(form, values)].filter(([, field]) => isSecret(field));
  return secrets.reduce((kept, [path]) => withValue(kept, path, undefined), values);
}
