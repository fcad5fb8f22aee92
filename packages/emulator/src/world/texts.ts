import { NewText } from "./inputs.ts";
import type { State } from "./state.ts";

/** Takes a text message, which goes to no phone. */
export function takeText(state: State, given: NewText): void {
  const { id, to, text } = NewText.parse(given);
  if (state.texts.some((each) => each.id === id)) return;
  const at = state.now();
  state.texts.push({ id, at, to, text });
  state.journal.add({
    id: state.nextId("text"),
    at,
    kind: "sms",
    appid: null,
    what: to,
    method: "POST",
    url: "/sms/messages",
    status: 200,
    errcode: null,
    ms: 0,
    tries: 1,
    request: text,
    response: "",
    note: "ok",
  });
  state.tell({ type: "text" });
}
