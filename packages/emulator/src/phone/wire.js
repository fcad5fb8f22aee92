// @ts-check
import { fill, h } from "./dom.js";
import { maybe, problem, t } from "./words.js";

/**
 * @typedef {import("./api.js").JournalEntry} JournalEntry
 * @typedef {{ title: string, entries: JournalEntry[] }} Act
 */

const keptActs = 6;
/** A campaign makes thousands of calls; the journal has them all. */
const keptEntries = 40;

/**
 * The strip beside the phone: what went over the wire since the last action, newest first.
 * @param {HTMLElement} element
 */
export function wireStrip(element) {
  /** @type {Act[]} */
  let acts = [];
  const opened = new Set();
  const draw = () => {
    const shown = acts.filter((act) => act.entries.length > 0);
    if (shown.length === 0) fill(element, h("p", { class: "empty" }, t("wireHint")));
    else
      fill(
        element,
        shown.map((act, index) => drawAct(act, index, opened)),
      );
  };
  let waiting = false;
  const drawSoon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
  draw();
  return {
    /** @param {string} title what the user just did */
    begin(title) {
      acts = [{ title, entries: [] }, ...acts].slice(0, keptActs);
    },
    /** @param {JournalEntry} entry */
    add(entry) {
      const [newest] = acts;
      if (newest === undefined) acts = [{ title: t("elsewhere"), entries: [entry] }];
      else newest.entries = [...newest.entries, entry].slice(-keptEntries);
      drawSoon();
    },
  };
}

/**
 * @param {Act} act
 * @param {number} index
 * @param {Set<string>} opened
 */
function drawAct(act, index, opened) {
  const entries = act.entries.map((entry) => drawEntry(entry, opened));
  return h("section", { class: `act ${index === 0 ? "newest" : ""}` }, h("h3", null, act.title), entries);
}

/**
 * One exchange: which way, what, how it ended; opened, its bodies.
 * @param {JournalEntry} entry
 * @param {Set<string>} opened
 */
export function drawEntry(entry, opened) {
  const isPush = entry.kind === "push" || entry.kind === "check";
  const ending = endingOf(entry);
  const head = h(
    "summary",
    null,
    h("span", { class: "way", "aria-hidden": "true" }, isPush ? "→" : "←"),
    h("span", { class: "what" }, `${entry.kind === "mail" ? t("letter") : t(entry.kind)} `, h("b", null, entry.what)),
    h("span", { class: `chip ${ending.kind}` }, ending.text),
    h("span", { class: "figures faint small" }, figures(entry), h("span", { class: "excerpt" }, excerpt(entry))),
  );
  const details = h("details", { class: `exchange ${entry.kind}`, open: opened.has(entry.id) }, head, bodies(entry));
  details.addEventListener("toggle", () => {
    if (/** @type {HTMLDetailsElement} */ (details).open) opened.add(entry.id);
    else opened.delete(entry.id);
  });
  return details;
}

/** @param {JournalEntry} entry */
function bodies(entry) {
  return h(
    "div",
    { class: "stack bodies" },
    h("p", { class: "mono small url" }, `${entry.method} ${entry.url}`),
    entry.deviations.length > 0 &&
      h("p", { class: "notice bad small" }, t("deviations", { list: entry.deviations.join("; ") })),
    h("p", { class: "small faint" }, t("request")),
    h("pre", null, pretty(entry.request)),
    h("p", { class: "small faint" }, `${t("response")} ${entry.status ?? ""} · ${problem(maybe(entry.note))}`),
    h("pre", null, pretty(entry.response)),
  );
}

/** @param {JournalEntry} entry */
function figures(entry) {
  const tries = entry.tries > 1 ? ` · ${t("tries", { n: entry.tries })}` : "";
  return `${entry.ms} ms${tries}`;
}

/**
 * The part of an answer worth a glance: a reply's text, an error's words.
 * @param {JournalEntry} entry
 */
function excerpt({ kind, errcode, request, response }) {
  if (kind === "mail") return "";
  if (kind === "api" && errcode === 0) {
    const content =
      /"content"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(request)?.[1] ?? /"template_id"\s*:\s*"([^"]*)"/.exec(request)?.[1];
    return content ?? "";
  }
  const plain = response.split("\n\n").at(-1) ?? "";
  return /<(?:Content|Title)>(?:<!\[CDATA\[)?([^<\]]*)/.exec(plain)?.[1] ?? plain.slice(0, 160);
}

/**
 * @param {JournalEntry} entry
 * @returns {{ kind: "good" | "bad" | "calm" | "warm", text: string }}
 */
export function endingOf(entry) {
  if (entry.kind === "api") {
    if (entry.status === null || entry.note.startsWith("a fault")) return { kind: "warm", text: problem(entry.note) };
    return entry.errcode === 0
      ? { kind: "good", text: "ok" }
      : { kind: "bad", text: String(entry.errcode ?? entry.status) };
  }
  if (entry.kind === "mail") return { kind: "good", text: "250" };
  if (entry.note === "answered" || entry.note === "ok") return { kind: "good", text: maybe(entry.note) };
  if (entry.note === "silent") return { kind: "calm", text: maybe(entry.note) };
  return { kind: "bad", text: problem(entry.note) };
}

/** @param {string} text */
export function pretty(text) {
  if (text === "") return t("noResponse");
  try {
    // Only for looks: numbers too long for JavaScript must stay as they came.
    return /:\s*\d{16,}/.test(text) ? text : JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text.replace(/(<\/\w+>|<xml>)(?=<)/g, "$1\n");
  }
}
