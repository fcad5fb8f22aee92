// @ts-check
import { control } from "./api.js";
import { fill, h } from "./dom.js";
import { chooseLanguage, language, problem, t } from "./words.js";

const pages = /** @type {const} */ ([
  ["/", "phone"],
  ["/accounts", "accounts"],
  ["/mail", "mail"],
  ["/texts", "texts"],
  ["/journal", "journal"],
  ["/rules", "rules"],
  ["/trials", "trials"],
]);

let offsetMs = 0;

/** Milliseconds by the emulator's clock. */
export function emulatorNow() {
  return Date.now() + offsetMs;
}

/**
 * Draws the head of the page and, under it, what `draw` makes; both again when the language changes.
 * @param {() => HTMLElement} draw
 */
export function frame(draw) {
  const clock = h("button", { class: "button plain clock", title: t("clockTitle"), onclick: () => void turnClock() });
  const show = () => showClock(clock);
  const drawAll = () => {
    document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
    const switcher = h("button", { class: "button plain", onclick: switchLanguage }, t("language"));
    const links = pages.map(([path, word]) =>
      h("a", { href: path, "aria-current": location.pathname === path && "page" }, t(word)),
    );
    const head = h(
      "header",
      { class: "top" },
      h("a", { class: "brand", href: "/" }, h("img", { src: "/assets/icon.svg", alt: "" }), t("brand")),
      h("nav", null, links),
      h("div", { class: "side" }, clock, switcher),
    );
    const word = pages.find(([path]) => path === location.pathname)?.[1] ?? "phone";
    document.title = `${t(word)} · ${t("brand")}`;
    fill(document.body, head, draw());
    show();
  };
  const switchLanguage = () => {
    chooseLanguage(language() === "zh" ? "en" : "zh");
    drawAll();
  };
  drawAll();
  setInterval(show, 1000);
  void refreshClock().then(show);
}

/** Reads the clock's offset again. */
export async function refreshClock() {
  ({ offsetMs } = await control("GET", "/clock"));
}

/** @param {HTMLElement} clock */
function showClock(clock) {
  const hours = Math.round((offsetMs / 3_600_000) * 100) / 100;
  const now = new Date(emulatorNow());
  const time = now.toLocaleTimeString("zh-CN", { hour12: false });
  clock.classList.toggle("turned", hours !== 0);
  fill(clock, hours === 0 ? time : `${now.getMonth() + 1}/${now.getDate()} ${time} · ${t("hoursAhead", { n: hours })}`);
}

async function turnClock() {
  const answer = prompt(t("clockAsk"), String(offsetMs / 3_600_000));
  if (answer === null || answer.trim() === "" || !Number.isFinite(Number(answer))) return;
  await attempt(async () => {
    await control("PUT", "/clock", { offsetMs: Math.round(Number(answer) * 3_600_000) });
    await refreshClock();
  });
}

/**
 * Does something and tells the user when it fails.
 * @param {() => Promise<unknown>} work
 */
export async function attempt(work) {
  try {
    await work();
  } catch (error) {
    tell(t("failed", { message: problem(/** @type {Error} */ (error).message) }), "bad");
  }
}

/**
 * A short notice at the bottom of the window.
 * @param {string} text
 * @param {"good" | "bad"} [kind]
 */
export function tell(text, kind = "good") {
  for (const old of document.querySelectorAll(".toast")) old.remove();
  const toast = h("div", { class: `toast notice ${kind}`, role: "status" }, text);
  document.body.append(toast);
  setTimeout(() => toast.remove(), 5000);
}
