// @ts-check
import { emulatorNow } from "./frame.js";
import { timeText } from "./api.js";
import { avatar, h, icon } from "./dom.js";
import { maybe, t } from "./words.js";

/**
 * @typedef {import("./api.js").ChatEntry} ChatEntry
 * @typedef {import("../world/model.ts").ChatContent} ChatContent
 */

/** Minutes of silence after which a chat shows the time again. */
const gapMinutes = 5;

/**
 * The messages of a chat, oldest first.
 * @param {ChatEntry[]} entries
 * @param {{ account: string, puppet: string }} names
 */
export function messages(entries, names) {
  const rows = entries.flatMap((entry, index) => {
    const before = entries[index - 1];
    const isLater = before === undefined || entry.at - before.at > gapMinutes * 60_000;
    const time = isLater ? [h("p", { class: "note" }, timeText(entry.at, emulatorNow()))] : [];
    return [...time, message(entry, names)];
  });
  return rows.length > 0 ? rows : [h("p", { class: "empty" }, t("emptyChat"))];
}

/**
 * @param {ChatEntry} entry
 * @param {{ account: string, puppet: string }} names
 */
function message(entry, names) {
  if (entry.content.kind === "note") return h("p", { class: `note ${entry.content.note}` }, noteText(entry.content));
  const isMine = entry.from === "puppet";
  const face = avatar(isMine ? names.puppet : names.account, isMine ? "round" : "");
  const via = entry.via === null ? null : h("span", { class: "via" }, t(entry.via));
  const column = h("div", { class: "column" }, body(entry.content), via);
  return h("div", { class: `message ${isMine ? "mine" : "theirs"}`, "data-kind": entry.content.kind }, face, column);
}

/** @param {Extract<ChatContent, { kind: "note" }>} content */
function noteText({ note, text }) {
  if (note === "trouble") return text;
  if (note === "followed") return text === "" ? t("noteFollowed") : t("noteFollowedBy", { text });
  if (note === "entered") return t("noteEntered");
  if (note === "unfollowed") return t("noteUnfollowed");
  return note === "scanned" ? t("noteScanned", { text }) : t("noteTapped", { text });
}

/** @param {ChatContent} content */
function body(content) {
  switch (content.kind) {
    case "text":
      return h("div", { class: "bubble" }, linked(content.text));
    case "picture":
      return h("img", { class: "sent-picture", src: new URL(content.url).pathname, alt: t("picture") });
    case "location":
      return place(content);
    case "news":
      return h("div", { class: "sheet" }, content.articles.map(article));
    case "template":
      return templateCard(content);
    case "media":
      return h(
        "div",
        { class: "bubble row" },
        icon(content.type === "video" ? "film" : "sound"),
        `${maybe(`${content.type}Media`)} ${content.title}`,
        mediaId(content.mediaId),
      );
    case "choices":
      return choices(content);
    case "card":
      return h(
        "div",
        { class: "sheet template-card" },
        h("strong", { class: "card-title" }, content.title),
        h("img", { class: "sent-picture", src: new URL(content.pictureUrl).pathname, alt: "" }),
        h("p", { class: "card-foot mono small" }, `${content.appid} ${content.pagepath}`),
      );
    default:
      return h("div", { class: "bubble" }, content.text);
  }
}

/**
 * A question with answers to tap: the tap says the answer's text, and by which choice.
 * @param {Extract<ChatContent, { kind: "choices" }>} content
 */
function choices({ head, choices: all, tail }) {
  const buttons = all.map(({ id, text }) => {
    const onclick = (/** @type {Event} */ event) =>
      event.target?.dispatchEvent(new CustomEvent("choose", { bubbles: true, detail: { id, text } }));
    return h("button", { class: "button plain wide", onclick }, text);
  });
  return h(
    "div",
    { class: "sheet template-card" },
    head !== "" && h("p", null, head),
    buttons,
    tail !== "" && h("p", null, tail),
  );
}

/** @param {string} id */
function mediaId(id) {
  return id === "" ? null : h("span", { class: "mono small" }, id.slice(0, 12));
}

/** @param {Extract<ChatContent, { kind: "location" }>} content */
function place({ label, latitude, longitude }) {
  const head = h("div", { class: "place-text" }, h("strong", null, label === "" ? t("location") : label));
  head.append(h("span", { class: "small faint" }, `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`));
  return h("div", { class: "sheet" }, head, h("div", { class: "map" }, icon("pin")));
}

/**
 * @param {import("../world/model.ts").Article} one
 * @param {number} index
 */
function article({ title, description, url, pictureUrl }, index) {
  const text = h("div", null, h("strong", null, title), index === 0 && h("p", { class: "small faint" }, description));
  return link(url, index === 0 ? "article first" : "article", [text, cover(pictureUrl)]);
}

/**
 * Only what the emulator itself keeps: nothing is fetched from elsewhere.
 * @param {string} url
 */
function cover(url) {
  const path = URL.canParse(url) ? new URL(url).pathname : "";
  if (!path.startsWith("/emulator/")) return h("span", { class: "thumb" }, icon("picture"));
  return h("img", { class: "thumb", src: path, alt: "" });
}

/** @param {Extract<ChatContent, { kind: "template" }>} content */
function templateCard({ title, lines, url }) {
  const rows = lines.filter(({ text }) => text.trim() !== "").map(templateLine);
  const foot = url === "" ? null : link(url, "card-foot", [h("span", null, t("details")), icon("forward")]);
  return h("div", { class: "sheet template-card" }, h("strong", { class: "card-title" }, title), rows, foot);
}

/** @param {{ text: string, color: string | null }} line */
function templateLine({ text, color }) {
  const parts = /^([^：:]{1,12})[：:]\s*(.*)$/.exec(text);
  const value = h("span", null, parts?.[2] ?? text);
  if (color !== null) value.style.color = color;
  return h("p", { class: "card-line" }, parts === null ? null : h("span", { class: "faint" }, parts[1]), value);
}

/**
 * A link where the address is one of the web, else the same without a link.
 * @param {string} url
 * @param {string} className
 * @param {(Node | string)[]} children
 */
function link(url, className, children) {
  if (!/^https?:\/\//.test(url)) return h("div", { class: className }, children);
  return h("a", { class: className, href: url, target: "_blank", rel: "noreferrer" }, children);
}

/**
 * A text with its web addresses, bare or in WeChat's `<a href="…">…</a>`, as links.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function linked(text) {
  const pattern = /<a\s[^>]*?href=["']([^"']*)["'][^>]*>(.*?)<\/a>|(https?:\/\/[^\s<>"'，。；！？、）]+)/gis;
  /** @type {(Node | string)[]} */
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    parts.push(text.slice(end, match.index));
    parts.push(link(match[1] ?? match[3] ?? "", "", [match[2] ?? match[3] ?? ""]));
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
}
