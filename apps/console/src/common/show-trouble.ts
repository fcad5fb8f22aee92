import { ElNotification } from "element-plus";
import { createApp, h } from "vue";
import { i18n } from "./language.ts";
import ProblemNote from "./ProblemNote.vue";
import { troubleOf } from "./trouble.ts";

/** A notification stands outside the console's application: what is in it finds its words through this one. */
const host = createApp({}).use(i18n);

/** Shows a failed action in the corner, with its trace id. It stays until it is closed: it has something to copy. */
export function showTrouble(error: unknown, title = i18n.global.t("shared.problem.title")): void {
  const trouble = troubleOf(error);
  ElNotification(
    {
      title,
      message: h(ProblemNote, { trouble, bare: true }),
      type: "error",
      duration: trouble.traceId === "" ? 6000 : 0,
    },
    host._context,
  );
}
