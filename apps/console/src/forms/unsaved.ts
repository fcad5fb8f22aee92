import { onBeforeUnmount, onMounted } from "vue";
import { useRouter } from "vue-router";
import { askSure } from "../common/ask-sure.ts";
import { i18n } from "../common/language.ts";
import { signedIn } from "../common/signed-in.ts";

/**
 * Asks before something that isn't saved would be lost: by Esc, a click beside a dialog, the Back button, a link, or
 * the tab's closing. A session that ends asks nothing, nor one that becomes somebody else's: the draft waits for whoever
 * signs in again, and nobody stays on the page of another.
 *
 * @param isDirty whether there is anything to lose
 * @param onDiscard called when somebody is sure
 */
export function useUnsaved(isDirty: () => boolean, onDiscard: () => void): void {
  const { t } = i18n.global;
  const router = useRouter();
  const accountId = signedIn.me?.account.id;
  let isSure = false;
  const stop = router.beforeEach(async () => {
    if (!isDirty() || isSure || signedIn.me === null) return true;
    isSure = await askSure({
      title: t("shared.form.unsavedTitle"),
      sentence: t("shared.form.unsaved"),
      action: t("shared.form.discard"),
      cancel: t("shared.form.stay"),
      isDangerous: true,
    });
    if (isSure) onDiscard();
    return isSure;
  });
  const onClose = (event: BeforeUnloadEvent): void => {
    if (isDirty() && signedIn.me?.account.id === accountId) event.preventDefault();
  };
  onMounted(() => addEventListener("beforeunload", onClose));
  onBeforeUnmount(() => {
    stop();
    removeEventListener("beforeunload", onClose);
  });
}
