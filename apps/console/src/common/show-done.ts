import { ElMessage, type MessageHandler } from "element-plus";
import { h, watch } from "vue";
import { language } from "./language.ts";

let shown: MessageHandler | undefined;

/** What is offered beside what is said. */
interface Offer {
  readonly label: string;
  readonly run: () => void;
}
/** Who has to decide needs longer than who only reads. */
const offerMs = 8000;

/**
 * Says at the window's foot that an action succeeded, for a few seconds. There is one such message at a time, and it
 * goes with its language: a newer sentence takes its place.
 *
 * @param offer a button beside the sentence: to undo what was done
 */
export function showDone(sentence: string, offer?: Offer): void {
  show("success", sentence, offer);
}

/** Says why what somebody asked for isn't done. */
export function showWhy(sentence: string): void {
  show("warning", sentence);
}

/** Says what has ended by itself, until somebody takes the offer or closes it. */
export function showEnded(sentence: string, offer: Offer): void {
  show("warning", sentence, offer, { duration: 0, showClose: true });
}

function show(
  type: "success" | "warning",
  sentence: string,
  offer?: Offer,
  lasts: { readonly duration?: number; readonly showClose?: boolean } = {},
): void {
  shown?.close();
  const button =
    offer && h("button", { type: "button", class: "link-button", onClick: () => take(offer) }, offer.label);
  shown = ElMessage({
    message: button === undefined ? sentence : h("span", { class: "offer" }, [sentence, button]),
    type,
    placement: "bottom",
    customClass: "done-message",
    ...(offer === undefined ? {} : { duration: offerMs }),
    ...lasts,
  });
}

function take({ run }: Offer): void {
  shown?.close();
  run();
}

watch(language, () => shown?.close());
