// @ts-check
import { control, listen, readWorld, soon, timeText } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { attempt, emulatorNow, frame } from "./frame.js";
import { t } from "./words.js";

/** @typedef {import("./api.js").Mail} Mail */

/** @type {Mail[]} */
let mails = [];
/** @type {string | null} */
let chosen = null;
/** @type {"html" | "text" | "raw"} */
let view = "html";
let list = h("div");
let sheet = h("article");
let hint = h("p");
let drawn = "";

const update = soon(async () => {
  /** @type {{ mails: Mail[] }} */
  const answer = await control("GET", "/mails");
  mails = answer.mails.toReversed();
  draw();
});

frame(() => {
  list = h("div", { class: "mails" });
  sheet = h("article", { class: "card sheet" });
  hint = h("p", { class: "soft small" });
  drawn = "";
  const clear = () => void attempt(() => control("DELETE", "/mails"));
  update();
  void readWorld().then(({ smtpUrl }) => fill(hint, t("mailHint", { url: smtpUrl })));
  const head = h("div", { class: "row spread head" }, h("div", null, h("h1", null, t("mails")), hint));
  head.append(h("button", { class: "button", onclick: clear }, t("clear")));
  return h("main", null, head, h("div", { class: "two" }, list, sheet));
});
listen((happening) => {
  if (happening.type === "mail" || happening.type === "world") update();
}, update);

function draw() {
  const rows = mails.map((mail) => {
    const onclick = () => {
      chosen = mail.id;
      view = "html";
      draw();
    };
    return h(
      "button",
      { class: "pick", "aria-pressed": String(mail === current()), onclick },
      h(
        "span",
        { class: "row spread" },
        h("b", { class: "cut" }, mail.subject),
        h("time", { class: "faint small" }, timeText(mail.at, emulatorNow())),
      ),
      h("span", { class: "small soft cut" }, mail.to.join(", ")),
    );
  });
  fill(list, rows.length === 0 ? h("p", { class: "empty" }, t("noMails")) : rows);
  const mail = current();
  const now = `${mail?.id ?? ""} ${view}`;
  if (now === drawn) return;
  drawn = now;
  fill(
    sheet,
    mail === null ? h("div", { class: "empty" }, icon("mail"), h("p", null, t("chooseMail"))) : content(mail),
  );
}

function current() {
  return mails.find((mail) => mail.id === chosen) ?? mails[0] ?? null;
}

/** @param {Mail} mail */
function content(mail) {
  const shown = mail.html === "" && view === "html" ? "text" : view;
  const kinds = /** @type {const} */ ([
    ["html", "asHtml"],
    ["text", "asText"],
    ["raw", "asRaw"],
  ]);
  const tabs = kinds.map(([kind, word]) => {
    const onclick = () => {
      view = kind;
      draw();
    };
    const disabled = kind === "html" && mail.html === "";
    return h(
      "button",
      { class: "button plain tab", disabled, "aria-pressed": String(kind === shown), onclick },
      t(word),
    );
  });
  const files = mail.attachments.map(({ name, type, bytes }) =>
    h("span", { class: "chip" }, `${name} · ${type} · ${bytes} B`),
  );
  return [
    h("h2", { class: "subject" }, mail.subject),
    h("p", { class: "small" }, h("span", { class: "faint" }, `${t("from")} `), mail.from),
    h("p", { class: "small" }, h("span", { class: "faint" }, `${t("to")} `), mail.to.join(", ")),
    files.length > 0 && h("div", { class: "row" }, h("span", { class: "faint small" }, t("attachments")), files),
    h("div", { class: "row tabs" }, tabs),
    shown === "html"
      ? h("iframe", {
          class: "page",
          title: mail.subject,
          sandbox: "allow-popups",
          src: `/emulator/mails/${mail.id}/html`,
        })
      : h("pre", { class: shown === "text" ? "plain-text" : "" }, shown === "text" ? linked(mail.text) : mail.raw),
  ];
}

/**
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function linked(text) {
  return text
    .split(/(https?:\/\/[^\s<>"']+)/)
    .map((part, index) => (index % 2 === 0 ? part : h("a", { href: part, target: "_blank", rel: "noreferrer" }, part)));
}
