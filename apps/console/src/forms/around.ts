import { inject, type InjectionKey, provide } from "vue";

/** What the other fields of a form have, by their names: a chooser may depend on them. */
type Around = (name: string) => unknown;
const key: InjectionKey<Around> = Symbol("the form around a field");

export function provideAround(valueOf: Around): void {
  provide(key, valueOf);
}

/** Of a field that stands alone nothing. */
export function useAround(): Around {
  return inject(key, () => () => undefined, true);
}
