// @ts-check
import { control, listen, readWorld, soon, timeText } from "./api.js";
import { fill, h } from "./dom.js";
import { attempt, emulatorNow, frame } from "./frame.js";
import { t } from "./words.js";

/** @typedef {import("./api.js").TextMessage} TextMessage */

/** @type {TextMessage[]} */
let texts = [];
let list = h("div");
let hint = h("p");

const update = soon(async () => {
  /** @type {{ texts: TextMessage[] }} */
  const answer = await control("GET", "/texts");
  texts = answer.texts.toReversed();
  draw();
});

frame(() => {
  list = h("div", { class: "texts" });
  hint = h("p", { class: "soft small" });
  const clear = () => void attempt(() => control("DELETE", "/texts"));
  update();
  void readWorld().then(({ smsUrl }) => fill(hint, t("textsHint", { url: smsUrl })));
  const head = h("div", { class: "row spread head" }, h("div", null, h("h1", null, t("texts")), hint));
  head.append(h("button", { class: "button", onclick: clear }, t("clear")));
  return h("main", null, head, list);
});
listen((happening) => {
  if (happening.type === "text" || happening.type === "world") update();
}, update);

function draw() {
  const rows = texts.map(({ at, to, text }) =>
    h(
      "article",
      { class: "card" },
      h(
        "div",
        { class: "row spread" },
        h("b", null, to),
        h("time", { class: "faint small" }, timeText(at, emulatorNow())),
      ),
      h("p", null, text),
    ),
  );
  fill(list, rows.length === 0 ? h("p", { class: "empty" }, t("noTexts")) : rows);
}
