// @ts-check
import { timeText } from "./api.js";
import { messages } from "./bubbles.js";
import { avatar, fill, h, icon } from "./dom.js";
import { emulatorNow } from "./frame.js";
import { t } from "./words.js";

/**
 * @typedef {import("./api.js").Account} Account
 * @typedef {import("./api.js").Bond} Bond
 * @typedef {import("./api.js").BondSummary} BondSummary
 * @typedef {import("./api.js").Puppet} Puppet
 * @typedef {import("./api.js").QrCode} QrCode
 * @typedef {import("./api.js").WorldView} WorldView
 * @typedef {import("../world/model.ts").MenuButton} MenuButton
 * @typedef {{
 *   go(screen: Screen): void, follow(appid: string): void, unfollow(appid: string): void, scan(code: string): void,
 *   say(appid: string, text: string, choice?: string): void, tap(appid: string, button: MenuButton): void,
 *   sendImage(appid: string): void, sendLocation(appid: string): void,
 *   giveCode(appid: string, by: "login" | "share-phone"): void, subscribe(appid: string, templateId: string): void,
 *   enterSession(appid: string): void, openPage(appid: string, url: string): void,
 * }} Acts
 * @typedef {{ name: "home" } | { name: "scan" } | { name: "profile", appid: string } | { name: "chat", appid: string }} Screen
 */

/**
 * @param {string} title
 * @param {{ left?: HTMLElement | null, right?: HTMLElement | null }} [sides]
 */
function bar(title, { left = null, right = null } = {}) {
  return h("header", { class: "bar" }, left ?? h("span"), h("h2", null, title), right ?? h("span"));
}

/**
 * @param {Parameters<typeof icon>[0]} drawing
 * @param {string} label
 * @param {() => void} onclick
 */
function iconButton(drawing, label, onclick) {
  return h("button", { class: "icon-button", "aria-label": label, title: label, onclick }, icon(drawing));
}

/**
 * The list of chats, and below it the accounts that can be followed.
 * @param {WorldView} world
 * @param {Puppet} puppet
 * @param {Acts} acts
 */
export function homeScreen(world, puppet, acts) {
  const bonds = world.bonds.filter((bond) => bond.puppetId === puppet.id);
  const bondOf = (/** @type {Account} */ account) => bonds.find((bond) => bond.appid === account.appid);
  const minis = world.accounts.filter(({ kind }) => kind === "miniprogram");
  const official = world.accounts.filter((account) => !minis.includes(account));
  const followed = official.filter((account) => bondOf(account)?.following === true);
  const others = official.filter((account) => bondOf(account)?.following !== true);
  followed.sort((one, two) => (bondOf(two)?.last?.at ?? 0) - (bondOf(one)?.last?.at ?? 0));
  const scan = iconButton("scan", t("scan"), () => acts.go({ name: "scan" }));
  return h(
    "div",
    { class: "screen" },
    bar(t("chats"), { left: avatar(puppet.name, "round"), right: scan }),
    h(
      "div",
      { class: "scroll" },
      world.accounts.length === 0 && emptyWorld(),
      followed.map((account) => chatRow(account, bondOf(account) ?? null, acts)),
      others.length > 0 && h("h3", { class: "group" }, t("discover")),
      others.map((account) => chatRow(account, null, acts)),
      minis.length > 0 && h("h3", { class: "group" }, t("miniprogram")),
      minis.map((account) => chatRow(account, withChat(bondOf(account)), acts)),
    ),
  );
}

/**
 * A mini-program that wrote, or was written to, opens its chat; any other one its page.
 * @param {BondSummary | undefined} bond
 */
function withChat(bond) {
  return bond !== undefined && bond.messages > 0 ? bond : null;
}

function emptyWorld() {
  const link = h("a", { class: "button", href: "/accounts" }, t("openAccount"));
  return h("div", { class: "empty stack" }, h("p", null, t("noAccounts")), h("p", null, link));
}

/**
 * @param {Account} account
 * @param {BondSummary | null} bond
 * @param {Acts} acts
 */
function chatRow(account, bond, acts) {
  const last = bond?.last ?? null;
  const time = last === null ? null : h("time", { class: "faint small" }, timeText(last.at, emulatorNow()));
  const line = last === null ? account.originalId : preview(last.content);
  const onclick = () => acts.go({ name: bond === null ? "profile" : "chat", appid: account.appid });
  const texts = h(
    "span",
    { class: "texts" },
    h("span", { class: "name" }, account.name),
    h("span", { class: "line" }, line),
  );
  return h("button", { class: "chat-row", onclick }, avatar(account.name), texts, time);
}

/** @param {import("../world/model.ts").ChatContent} content */
function preview(content) {
  switch (content.kind) {
    case "text":
      return content.text;
    case "template":
      return content.title;
    case "news":
      return content.articles[0]?.title ?? t("news");
    case "note":
      return content.note === "trouble" ? content.text : content.note === "tapped" ? `“${content.text}”` : t("enter");
    default:
      return `[${t(content.kind)}]`;
  }
}

/**
 * @param {Account} account
 * @param {Acts} acts
 */
export function profileScreen(account, acts) {
  const back = iconButton("back", t("back"), () => acts.go({ name: "home" }));
  return h(
    "div",
    { class: "screen" },
    bar("", { left: back }),
    h(
      "div",
      { class: "scroll profile" },
      avatar(account.name),
      h("h1", null, account.name),
      h("p", { class: "faint mono" }, account.originalId),
      h("p", { class: "soft" }, t("intro"), account.push === null ? ` ${t("noPush")}` : ""),
      h("button", { class: "button main wide", onclick: () => acts.follow(account.appid) }, t("follow")),
    ),
  );
}

/**
 * What a mini-program's own code would ask the phone for, as buttons: the account has no pages here.
 * @param {Account} account
 * @param {Acts} acts
 */
export function miniScreen(account, acts) {
  const back = iconButton("back", t("back"), () => acts.go({ name: "home" }));
  const { appid, templates } = account;
  const button = (/** @type {string} */ label, /** @type {() => void} */ onclick) =>
    h("button", { class: "button wide", onclick }, label);
  const agree = templates.map(({ templateId, title }) =>
    button(t("miniSubscribe", { title }), () => acts.subscribe(appid, templateId)),
  );
  return h(
    "div",
    { class: "screen" },
    bar("", { left: back }),
    h(
      "div",
      { class: "scroll profile" },
      avatar(account.name),
      h("h1", null, account.name),
      h("p", { class: "faint mono" }, appid),
      h("p", { class: "soft" }, t("miniIntro")),
      button("wx.login", () => acts.giveCode(appid, "login")),
      button(t("miniPhone"), () => acts.giveCode(appid, "share-phone")),
      agree,
      pageOpener(appid, acts),
      h("button", { class: "button main wide", onclick: () => acts.enterSession(appid) }, t("miniEnter")),
    ),
  );
}

/**
 * The codes made so far; tapping one scans it.
 * @param {WorldView} world
 * @param {Acts} acts
 */
export function scanScreen(world, acts) {
  const back = iconButton("back", t("back"), () => acts.go({ name: "home" }));
  const input = /** @type {HTMLInputElement} */ (h("input", { class: "input", placeholder: t("scanPaste") }));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (input.value.trim() !== "") acts.scan(input.value.trim());
  };
  const codes = world.qrCodes.toReversed().map((code) => codeCard(code, world, acts));
  return h(
    "div",
    { class: "screen dark" },
    bar(t("scan"), { left: back }),
    h(
      "div",
      { class: "scroll" },
      h("p", { class: "note" }, codes.length === 0 ? t("noCodes") : t("scanHint")),
      h("div", { class: "codes" }, codes),
    ),
    h("form", { class: "composer", onsubmit: submit }, input, h("button", { class: "button main" }, t("scan"))),
  );
}

/**
 * @param {QrCode} code
 * @param {WorldView} world
 * @param {Acts} acts
 */
function codeCard(code, world, acts) {
  const isOver = code.expiresAt !== null && code.expiresAt <= emulatorNow();
  const account = world.accounts.find((one) => one.appid === code.appid);
  const ending =
    code.expiresAt === null
      ? t("permanent")
      : isOver
        ? t("expired")
        : t("until", { time: timeText(code.expiresAt, emulatorNow()) });
  const src = `/emulator/qrcodes/picture?ticket=${encodeURIComponent(code.ticket)}`;
  const picture = isOver ? h("span", { class: "over" }, icon("scan")) : h("img", { src, alt: "", loading: "lazy" });
  return h(
    "button",
    { class: "code", disabled: isOver, title: code.ticket, onclick: () => acts.scan(code.ticket) },
    picture,
    h("span", { class: "scene" }, code.scene),
    h("span", { class: "small faint" }, `${account?.name ?? ""} · ${ending}`),
  );
}

/**
 * A chat. `update` shows what came since without touching what the user is typing.
 * @param {Account} account
 * @param {Puppet} puppet
 * @param {Acts} acts
 */
export function chatScreen(account, puppet, acts) {
  const list = h("div", {
    class: "scroll messages",
    "aria-live": "polite",
    "aria-label": account.name,
    role: "log",
    tabIndex: 0,
  });
  const foot = h("footer");
  const composer = composerOf(account, acts);
  let typing = false;
  const isMini = account.kind === "miniprogram";
  const more = moreMenu(account, acts);
  /** @param {MenuButton[]} current */
  const drawFoot = (current) => {
    const hasMenu = current.length > 0;
    const toggle = iconButton(typing ? "list" : "keyboard", typing ? t("showMenu") : t("showKeyboard"), () => {
      typing = !typing;
      drawFoot(current);
      if (typing) composer.querySelector("input")?.focus();
    });
    if (!hasMenu) fill(foot, composer);
    else
      fill(
        foot,
        h("div", { class: "menu-bar" }, toggle, typing ? composer : menuButtons(account.appid, current, acts)),
      );
  };
  list.addEventListener("choose", (event) => {
    const { id, text } = /** @type {CustomEvent<{ id: string, text: string }>} */ (event).detail;
    acts.say(account.appid, text, id);
  });
  let drawnMenu = "";
  let shown = -1;
  const back = iconButton("back", t("back"), () => acts.go({ name: "home" }));
  const head = bar(account.name, { left: back, right: more });
  const element = h("div", { class: "screen" }, head, list, foot);
  const title = head.querySelector("h2");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let untyped;
  return {
    element,
    /** @param {Bond} bond */
    update(bond) {
      const menu = JSON.stringify([bond.menu, bond.following]);
      if (menu !== drawnMenu) {
        drawnMenu = menu;
        const follow = h(
          "button",
          { class: "button main wide", onclick: () => acts.follow(account.appid) },
          t("follow"),
        );
        if (bond.following || isMini) drawFoot(bond.menu);
        else fill(foot, h("div", { class: "composer" }, follow));
      }
      const typingMs = bond.typingUntil - emulatorNow();
      clearTimeout(untyped);
      if (title !== null) {
        title.textContent = typingMs > 0 ? t("isTyping") : account.name;
        if (typingMs > 0) untyped = setTimeout(() => (title.textContent = account.name), typingMs);
      }
      if (shown !== bond.chat.length) {
        shown = bond.chat.length;
        fill(list, messages(bond.chat, { account: account.name, puppet: puppet.name }));
        list.scrollTop = list.scrollHeight;
      }
    },
  };
}

/**
 * The page that a mini-program's `web-view` shows.
 * @param {string} appid
 * @param {Acts} acts
 */
function pageOpener(appid, acts) {
  const address = /** @type {HTMLInputElement} */ (
    h("input", { class: "input", type: "url", required: true, "aria-label": t("webView"), placeholder: "https://" })
  );
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    acts.openPage(appid, address.value);
  };
  return h("form", { class: "row", onsubmit }, address, h("button", { class: "button" }, t("openPage")));
}

/**
 * @param {Account} account
 * @param {Acts} acts
 */
function moreMenu(account, acts) {
  const { appid, kind } = account;
  const button =
    kind === "miniprogram"
      ? h("button", { class: "button plain", onclick: () => acts.go({ name: "profile", appid }) }, t("miniprogram"))
      : h("button", { class: "button plain danger", onclick: () => acts.unfollow(appid) }, t("unfollow"));
  const panel = h("div", { class: "more-panel" }, button);
  const summary = h("summary", { class: "icon-button", "aria-label": t("more"), title: t("more") }, icon("more"));
  return h("details", { class: "more" }, summary, panel);
}

/**
 * @param {Account} account
 * @param {Acts} acts
 */
function composerOf(account, acts) {
  const input = /** @type {HTMLInputElement} */ (
    h("input", { class: "input", "aria-label": t("write"), placeholder: t("write"), autocomplete: "off" })
  );
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (input.value.trim() === "") return;
    acts.say(account.appid, input.value);
    input.value = "";
  };
  return h(
    "form",
    { class: "composer", onsubmit: submit },
    h(
      "div",
      { class: "row tools" },
      toolButton("picture", t("sendPicture"), () => acts.sendImage(account.appid)),
      toolButton("pin", t("sendPlace"), () => acts.sendLocation(account.appid)),
    ),
    input,
    h("button", { class: "button main" }, t("send")),
  );
}

/**
 * @param {Parameters<typeof icon>[0]} drawing
 * @param {string} label
 * @param {() => void} onclick
 */
function toolButton(drawing, label, onclick) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick },
    icon(drawing),
  );
}

/**
 * @param {string} appid
 * @param {MenuButton[]} buttons
 * @param {Acts} acts
 */
function menuButtons(appid, buttons, acts) {
  return h(
    "div",
    { class: "menu-buttons" },
    buttons.map((button) => {
      const subs = button.sub_button ?? [];
      if (subs.length === 0) return h("button", { onclick: () => acts.tap(appid, button) }, button.name);
      const items = subs.map((sub) => h("button", { onclick: () => acts.tap(appid, sub) }, sub.name));
      return h("details", { name: "menu" }, h("summary", null, button.name), h("div", { class: "sub-buttons" }, items));
    }),
  );
}
