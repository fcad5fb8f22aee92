import type { FormDraft as FormDraftSchema } from "@zhanggui/server/foundation/forms/forms.contract";
import type { MadeForm } from "@zhanggui/forms/made-form";
import type { z } from "zod";

export type FormDraft = z.output<typeof FormDraftSchema>;

/** What the server keeps as JSON has been looked through by the same guard as here. */
export function madeOf(draft: FormDraft["draft"]): MadeForm {
  return draft as unknown as MadeForm;
}
