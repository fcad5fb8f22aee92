import type { FormField } from "@zhanggui/forms/form";
import { type Component, defineAsyncComponent } from "vue";
import { isListed } from "../list/kinds.ts";
import CheckboxesInput from "./inputs/CheckboxesInput.vue";
import NumberInput from "./inputs/NumberInput.vue";
import OptionInput from "./inputs/OptionInput.vue";
import PasswordInput from "./inputs/PasswordInput.vue";
import RadioInput from "./inputs/RadioInput.vue";
import SwitchInput from "./inputs/SwitchInput.vue";
import TextareaInput from "./inputs/TextareaInput.vue";
import TextInput from "./inputs/TextInput.vue";
import TextsInput from "./inputs/TextsInput.vue";

const builtIn: Readonly<Record<string, Component>> = {
  text: TextInput,
  textarea: TextareaInput,
  password: PasswordInput,
  number: NumberInput,
  select: OptionInput,
  radio: RadioInput,
  switch: SwitchInput,
  selectMany: CheckboxesInput,
  texts: TextsInput,
  instant: defineAsyncComponent(() => import("./inputs/InstantInput.vue")),
  day: defineAsyncComponent(() => import("./inputs/InstantInput.vue")),
};

/** A module's own inputs, by their names: `rights.input.vue` is `input: "rights"`. Each is loaded when it is shown. */
const found = import.meta.glob<{ readonly default: Component }>("../*/*.input.vue");
const own: Readonly<Record<string, Component>> = Object.fromEntries(
  Object.entries(found).map(([path, load]) => [
    /([^/]+)\.input\.vue$/.exec(path)?.[1] ?? path,
    defineAsyncComponent(load),
  ]),
);

/** Whether a field finds what it asks for; a name that nothing is called is typed as a line of text. */
export function hasInput({ input, kind }: FormField): boolean {
  return input in own || input in builtIn || isListed(kind);
}

/** The component that a field is typed into: its own, its kind's list to choose from, or a line of text. */
export function inputOf({ input, kind, isList }: FormField): Component {
  return own[input] ?? builtIn[input] ?? (isListed(kind) ? (isList ? CheckboxesInput : OptionInput) : TextInput);
}
