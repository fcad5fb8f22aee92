// @ts-check
import { control, listen, readWorld, soon } from "./api.js";
import { fill, h, select } from "./dom.js";
import { attempt, emulatorNow, frame } from "./frame.js";
import { t } from "./words.js";
import { drawEntry } from "./wire.js";

/** @typedef {import("./api.js").JournalEntry} JournalEntry */

/** More would only slow the page; the filter reaches the rest. */
const shownEntries = 200;
const kinds = /** @type {const} */ (["api", "push", "check", "mail", "sms"]);

const filter = { kind: "", appid: "", text: "" };
const opened = new Set();
let list = h("div");
let chips = h("div");

const update = soon(async () => {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ""));
  query.set("limit", String(shownEntries));
  /** @type {{ entries: JournalEntry[] }} */
  const { entries } = await control("GET", `/journal?${query}`);
  const rows = entries.toReversed().map(row);
  fill(list, rows.length === 0 ? h("p", { class: "empty" }, t("noEntries")) : rows);
});

frame(() => {
  list = h("div", { class: "entries" });
  chips = h("div", { class: "row kinds" });
  const search = h("input", {
    class: "input",
    type: "search",
    placeholder: t("search"),
    "aria-label": t("search"),
    value: filter.text,
  });
  search.addEventListener("input", () => change({ text: /** @type {HTMLInputElement} */ (search).value.trim() }));
  const accounts = h("div", { class: "accounts" });
  void readWorld().then((world) => {
    const options = world.accounts.map(({ appid, name }) => ({ value: appid, label: name }));
    const onchange = (/** @type {Event} */ event) =>
      change({ appid: /** @type {HTMLSelectElement} */ (event.target).value });
    fill(
      accounts,
      select([{ value: "", label: t("anyAccount") }, ...options], filter.appid, {
        "aria-label": t("anyAccount"),
        onchange,
      }),
    );
  });
  const clear = () => void attempt(() => control("DELETE", "/journal"));
  drawChips();
  update();
  return h(
    "main",
    { class: "stack" },
    h("h1", { class: "unseen" }, t("journal")),
    h(
      "div",
      { class: "filters" },
      chips,
      accounts,
      search,
      h("button", { class: "button", onclick: clear }, t("clear")),
    ),
    list,
  );
});
listen((happening) => {
  if (happening.type === "journal" || happening.type === "world") update();
}, update);

/** @param {Partial<typeof filter>} part */
function change(part) {
  Object.assign(filter, part);
  drawChips();
  update();
}

function drawChips() {
  const all = /** @type {const} */ (["", ...kinds]);
  fill(
    chips,
    all.map((kind) => {
      const properties = {
        class: "button",
        "aria-pressed": String(filter.kind === kind),
        onclick: () => change({ kind }),
      };
      return h("button", properties, kind === "" ? t("all") : kind === "mail" ? t("letter") : t(kind));
    }),
  );
}

/** @param {JournalEntry} entry */
function row(entry) {
  const at = new Date(entry.at);
  const isToday = at.toDateString() === new Date(emulatorNow()).toDateString();
  const day = isToday ? "" : `${at.getMonth() + 1}/${at.getDate()} `;
  const time = `${day}${at.toLocaleTimeString("zh-CN", { hour12: false })}`;
  return h("div", { class: "entry" }, h("time", { class: "faint small" }, time), drawEntry(entry, opened));
}
