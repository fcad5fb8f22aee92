import { ElMessage, type MessageHandler } from "element-plus";
import { watch } from "vue";
import { language } from "./language.ts";

let shown: MessageHandler | undefined;

/**
 * Says at the window's foot that an action succeeded, for a few seconds. There is one such notice at a time, and it
 * goes with its language: a newer sentence takes its place.
 */
export function showDone(sentence: string): void {
  shown?.close();
  shown = ElMessage({ message: sentence, type: "success", placement: "bottom", customClass: "done-notice" });
}

watch(language, () => shown?.close());
