import { begin, call, follow, forget, Refusal, renew, whenOver } from "./api.js";
import { has, language, switchLanguage, t } from "./words.js";

const deviceKey = "zhanggui.customer.device";
const tenantId = new URLSearchParams(location.search).get("tenant") ?? undefined;
/** WeChat asks people who they are in its own browser only. */
const isInWeChat = /micromessenger/i.test(navigator.userAgent);
const state = { business: undefined, session: undefined, notices: [], line: "", said: "", channel: undefined };
let listening;
/** What was typed, kept over a change of language. */
const typed = { address: "", code: "" };
let againAt = 0;

/** An element with attributes, listeners (`onclick`) and children. */
function h(name, given = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

function sentenceOf(error) {
  if (error instanceof Refusal) return error.status === 404 ? t("notHere") : error.message;
  return t("unreachable");
}

function draw() {
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  const name = state.business?.businessName ?? "";
  const title = state.session === undefined && name !== "" ? t("signInTo", { name }) : name;
  document.title = title;
  const change = () => {
    switchLanguage();
    draw();
  };
  const head = h(
    "header",
    {},
    h("h1", {}, title),
    h(
      "button",
      { type: "button", class: "plain", lang: language() === "zh" ? "en" : "zh", onclick: change },
      t("other"),
    ),
  );
  const inside = state.session === undefined ? [wechatCard(), signInCard()] : [meCard(), contactCard(), newsCard()];
  document.body.replaceChildren(h("main", {}, head, ...inside.filter((card) => card !== undefined)));
}

/** The accounts by which somebody inside WeChat can say who they are. */
function wechatCard() {
  const accounts = isInWeChat ? (state.business?.wechat ?? []) : [];
  if (accounts.length === 0) return undefined;
  const buttons = accounts.map(({ wechatAppId, name }) => {
    const to = `${location.pathname}${location.search}`;
    const asked = new URLSearchParams({ tenantId: state.business.tenantId, wechatAppId, to, scope: "snsapi_userinfo" });
    const words = accounts.length > 1 ? t("wechatBy", { name }) : t("wechatSignIn");
    return h("a", { class: "main button", href: `/api/customers/wechat/sign-in?${asked}` }, words);
  });
  return h("section", { class: "card" }, ...buttons, h("p", { class: "soft" }, t("wechatHint")));
}

/** Whoever came by WeChat adds a number or an address: the records become one. */
function contactCard() {
  if (state.session.customer.signedInBy.channel !== "wechat" || state.business === undefined) return undefined;
  return state.business.channels.length === 0 ? undefined : codeCard({ path: "/me/contacts", action: "add" });
}

function signInCard() {
  return codeCard({ path: "/sessions", action: "signIn" });
}

/** Asks for a code, and for what came. */
function codeCard({ path, action }) {
  const alert = h("p", { class: "bad", role: "alert" }, state.trouble ?? "");
  const status = h("p", { class: "said", role: "status" }, state.said);
  if (state.business === undefined) return h("section", { class: "card" }, alert);
  const { channels } = state.business;
  if (channels.length === 0) return h("section", { class: "card" }, h("p", {}, t("noWay")));
  const channel = state.channel ?? channels[0];
  const address = h("input", {
    id: "address",
    type: channel === "phone" ? "tel" : "email",
    autocomplete: channel === "phone" ? "tel" : "email",
    required: true,
    value: typed.address,
    oninput: () => (typed.address = address.value),
  });
  const code = h("input", {
    id: "code",
    inputmode: "numeric",
    autocomplete: "one-time-code",
    maxlength: "10",
    value: typed.code,
    oninput: () => (typed.code = code.value),
  });
  const get = h("button", { type: "button" }, t("getCode"));
  const enter = h("button", { class: "main" }, t(action));
  const said = (sentence) => (status.textContent = state.said = sentence);
  const failed = (sentence) => (alert.textContent = state.trouble = sentence);
  get.addEventListener("click", () => void askCode({ channel, address, get, code, said, failed }));
  countDown(get);
  const submit = (event) => {
    event.preventDefault();
    void signIn({ path, channel, enter, code, said, failed });
  };
  return h(
    "form",
    { class: "card", novalidate: true, onsubmit: submit },
    action === "add" ? h("h2", {}, t("addTitle")) : undefined,
    channels.length > 1 ? channelChoice(channels, channel) : undefined,
    h("label", { for: "address" }, t(channel === "phone" ? "phoneNumber" : "mailAddress")),
    h("div", { class: "row" }, address, get),
    h("label", { for: "code" }, t("code")),
    code,
    alert,
    status,
    enter,
  );
}

function channelChoice(channels, chosen) {
  const choose = (each) => () => {
    Object.assign(state, { channel: each, said: "", trouble: "" });
    typed.address = "";
    draw();
    document.querySelector(`input[value=${each}]`)?.focus();
  };
  const options = channels.map((each) =>
    h(
      "label",
      {},
      h("input", { type: "radio", name: "channel", value: each, checked: each === chosen, onchange: choose(each) }),
      t(each),
    ),
  );
  return h("fieldset", { "aria-label": t("by") }, ...options);
}

async function askCode({ channel, address, get, code, said, failed }) {
  failed("");
  get.disabled = true;
  said(t("sending"));
  try {
    const deviceToken = localStorage.getItem(deviceKey) ?? undefined;
    const asked = { tenantId, channel, address: address.value, deviceToken };
    const answer = await call("POST", "/codes", asked, () => said(t("checking")));
    localStorage.setItem(deviceKey, answer.deviceToken);
    againAt = performance.now() + answer.againSeconds * 1000;
    said(t("sent"));
    code.focus();
    countDown(get);
  } catch (error) {
    get.disabled = false;
    said("");
    failed(sentenceOf(error));
  }
}

function countDown(button) {
  const left = Math.ceil((againAt - performance.now()) / 1000);
  button.disabled = left > 0;
  button.textContent = left > 0 ? t("again", { n: left }) : t("getCode");
  if (left > 0) setTimeout(() => button.isConnected && countDown(button), 1000);
}

async function signIn({ path, channel, enter, code, said, failed }) {
  failed("");
  enter.disabled = true;
  try {
    // Of the device that asked: nobody else's wrong tries count here.
    const deviceToken = localStorage.getItem(deviceKey) ?? "";
    const given = { channel, address: typed.address, code: code.value, deviceToken, keepIn: "cookie" };
    const session = await call("POST", path, path === "/sessions" ? { tenantId, ...given } : given);
    begin(session);
    said("");
    typed.code = "";
    listening?.abort();
    goIn(session);
  } catch (error) {
    enter.disabled = false;
    failed(sentenceOf(error));
    code.focus();
  }
}

function goIn(session) {
  Object.assign(state, { session, notices: [], line: "", trouble: "", said: "" });
  draw();
  document.querySelector("h2")?.focus();
  listening = new AbortController();
  const hear = (notice) => {
    state.notices.unshift(notice);
    document.querySelector("#news")?.replaceChildren(...newsList());
  };
  const onState = (line) => {
    state.line = line;
    const shown = document.querySelector("#line");
    if (shown !== null) shown.textContent = t(line);
  };
  void follow(listening.signal, hear, onState);
}

function goOut(said = "") {
  listening?.abort();
  forget();
  Object.assign(state, { session: undefined, said });
  draw();
}

function meCard() {
  const { displayName, signedInBy, signedInAt } = state.session.customer;
  const leave = async ({ target }) => {
    target.disabled = true;
    try {
      await call("POST", "/sessions/end");
      goOut(t("out"));
    } catch (error) {
      target.disabled = false;
      trouble.textContent = sentenceOf(error);
    }
  };
  const trouble = h("p", { class: "bad", role: "alert" });
  const mayLink = isInWeChat && signedInBy.channel !== "wechat" && (state.business?.wechat ?? []).length > 0;
  const link = async ({ target }) => {
    target.disabled = true;
    try {
      const [{ wechatAppId }] = state.business.wechat;
      const to = `${location.pathname}${location.search}`;
      const way = await call("POST", "/me/wechat", { wechatAppId, scope: "snsapi_userinfo", to });
      location.assign(way.location);
    } catch (error) {
      target.disabled = false;
      trouble.textContent = sentenceOf(error);
    }
  };
  return h(
    "section",
    { class: "card" },
    h("h2", { tabindex: "-1" }, t("me")),
    h(
      "dl",
      {},
      h("dt", {}, t("name")),
      h("dd", {}, displayName),
      h("dt", {}, t("address")),
      h("dd", {}, `${t(signedInBy.channel)} ${signedInBy.address}`),
      h("dt", {}, t("since")),
      h("dd", {}, timeOf(signedInAt)),
    ),
    trouble,
    h(
      "div",
      { class: "row" },
      mayLink ? h("button", { type: "button", onclick: (event) => void link(event) }, t("link")) : undefined,
      h("button", { type: "button", onclick: (event) => void leave(event) }, t("signOut")),
    ),
  );
}

function newsCard() {
  return h(
    "section",
    { class: "card" },
    h("h2", {}, t("news")),
    h("p", { class: "soft", id: "line", role: "status" }, state.line === "" ? "" : t(state.line)),
    h("ol", { id: "news", "aria-live": "polite" }, ...newsList()),
  );
}

function newsList() {
  if (state.notices.length === 0) return [h("li", { class: "soft" }, t("nothing"))];
  return state.notices
    .slice(0, 50)
    .map(({ kind, details, at }) =>
      h("li", {}, h("span", {}, t(has(kind) ? kind : "something", details)), h("time", { datetime: at }, timeOf(at))),
    );
}

function timeOf(at) {
  const options = { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(language() === "zh" ? "zh-CN" : "en", options).format(new Date(at));
}

async function open() {
  whenOver(() => goOut(t("out")));
  try {
    state.business = await call(
      "GET",
      `/business${tenantId === undefined ? "" : `?tenantId=${encodeURIComponent(tenantId)}`}`,
    );
    const session = await renew();
    if (session !== undefined) return goIn(session);
  } catch (error) {
    state.trouble = sentenceOf(error);
  }
  draw();
}
void open();
