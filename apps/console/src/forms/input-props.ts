import type { FormField } from "@zhanggui/forms/form";

/** What every input is given besides its `modelValue`. Whatever has no `id` of its own is named by `labelledBy`. */
export interface InputProps {
  readonly id: string;
  readonly field: FormField;
  readonly labelledBy: string;
  readonly describedBy: string | undefined;
  readonly isInvalid: boolean;
  readonly isRequired: boolean;
  readonly disabled: boolean;
}
