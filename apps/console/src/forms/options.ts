import type { FormField } from "@zhanggui/forms/form";
import { computed, onScopeDispose, ref, shallowRef, watch } from "vue";
import { inLanguage } from "../common/language.ts";
import { showTrouble } from "../common/show-trouble.ts";
import { isAbort } from "../common/trouble.ts";
import { type Asked, isPartial, type Kind, kindOf, type Option } from "../list/kinds.ts";
import { useAround } from "./around.ts";

/** Typing pauses so long before the server is asked. */
const pauseMs = 250;

/**
 * What a field can be set to: its own choices, or what the module of its kind lists, for what else the form has chosen.
 * Of a kind with more values than are listed, what is typed is looked for on the server.
 *
 * @param value what the field is set to: it has its name, whatever else is listed
 */
export function useOptions(field: () => FormField, value: () => unknown = () => undefined) {
  const kind = shallowRef<Kind>();
  const listed = shallowRef<readonly Option[]>([]);
  /** What was looked for; undefined while nothing is typed. */
  const found = shallowRef<readonly Option[]>();
  const { seen, isLoading, ask, stop, name } = useAsked(kind);
  const around = useAround();
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether what was asked last is a search. */
  let isSeeking = false;
  let isListed = true;
  onScopeDispose(() => clearTimeout(timer));

  const of = computed(() => narrowing(kind.value?.narrowedBy ?? [], around));
  async function list(): Promise<void> {
    found.value = undefined;
    clearTimeout(timer);
    isSeeking = false;
    isListed = false;
    await ask({ of: of.value }, (options) => {
      listed.value = options;
      isListed = true;
    });
    await name(value());
  }

  watch(
    field,
    async (now) => {
      if (now.choices !== undefined) return;
      kind.value = await kindOf(now);
      await list();
    },
    { immediate: true },
  );
  watch(
    () => JSON.stringify(of.value),
    () => void list(),
  );

  const isSearched = computed(() => field().choices === undefined && isPartial(kind.value, listed.value));
  function seek(text: string): void {
    clearTimeout(timer);
    const search = text.trim();
    if (search === "") {
      // What was looked for and comes now is wanted no longer; what is listed comes.
      if (isSeeking) stop();
      isSeeking = false;
      found.value = undefined;
      // The search was faster than the list.
      if (!isListed) void list();
      return;
    }
    timer = setTimeout(() => {
      isSeeking = true;
      void ask({ of: of.value, search }, (options) => (found.value = options));
    }, pauseMs);
  }

  const options = computed<readonly Option[]>(() => {
    const { choices } = field();
    if (choices !== undefined)
      return Object.entries(choices).map(([each, choice]) => ({ value: each, label: inLanguage(choice) }));
    const now = value();
    return withChosen(found.value ?? listed.value, typeof now === "string" ? seen.value.get(now) : undefined);
  });
  return { options, isLoading, isSearched, seek };
}

/** What else the form has chosen, of the fields that the kind goes by. */
function narrowing(names: readonly string[], around: (name: string) => unknown): Record<string, string> {
  const chosen = names.flatMap((name) => {
    const now = around(name);
    return typeof now === "string" && now !== "" ? [[name, now] as const] : [];
  });
  return Object.fromEntries(chosen);
}

function withChosen(offered: readonly Option[], chosen: Option | undefined): readonly Option[] {
  const isOffered = chosen === undefined || offered.some((option) => option.value === chosen.value);
  return isOffered ? offered : [chosen, ...offered];
}

/** What a kind was asked for, one question at a time; whatever it answered is known by its value from then on. */
function useAsked(kind: { readonly value: Kind | undefined }) {
  /** By their values: one that was chosen keeps its name. */
  const seen = shallowRef<ReadonlyMap<string, Option>>(new Map());
  const isLoading = ref(false);
  let abort = new AbortController();
  /** No search ends the asking for a name: only the next name, and the form's end. */
  let naming = new AbortController();
  onScopeDispose(() => {
    abort.abort();
    naming.abort();
  });

  /** What was asked is of no use any more. */
  function stop(): void {
    abort.abort();
    isLoading.value = false;
  }

  async function ask(asked: Asked, take: (options: readonly Option[]) => void): Promise<void> {
    stop();
    abort = new AbortController();
    const { signal } = abort;
    isLoading.value = true;
    try {
      const options = (await kind.value?.options?.(signal, asked)) ?? [];
      if (signal.aborted) return;
      seen.value = new Map([...seen.value, ...options.map((option) => [option.value, option] as const)]);
      take(options);
    } catch (error) {
      if (!isAbort(error) && !signal.aborted) showTrouble(error);
    } finally {
      if (!signal.aborted) isLoading.value = false;
    }
  }

  /** One that isn't listed is asked for its name. */
  async function name(now: unknown): Promise<void> {
    if (typeof now !== "string" || now === "" || seen.value.has(now) || kind.value?.nameOf === undefined) return;
    naming.abort();
    naming = new AbortController();
    const label = await kind.value.nameOf(now, naming.signal).catch(() => undefined);
    if (label !== undefined) seen.value = new Map([...seen.value, [now, { value: now, label }]]);
  }
  return { seen, isLoading, ask, stop, name };
}
