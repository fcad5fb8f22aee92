import { ElMessageBox } from "element-plus";
import type { Question } from "./question.ts";
import { i18n } from "./language.ts";

/** @returns true for the button that goes on; false for the other one, Esc and a click beside it */
export async function showQuestion({
  title,
  sentence,
  action,
  cancel,
  isDangerous = false,
}: Question): Promise<boolean> {
  const answer = await ElMessageBox.confirm(sentence, title, {
    type: "warning",
    // Enter, pressed a moment too early, may lose or delete nothing.
    autofocus: !isDangerous,
    confirmButtonType: isDangerous ? "danger" : "primary",
    confirmButtonText: action,
    cancelButtonText: cancel ?? i18n.global.t("shared.cancel"),
  }).catch(() => "cancel");
  return answer === "confirm";
}
