// @ts-check
import { control, readWorld } from "./api.js";
import { fill, h } from "./dom.js";
import { attempt, frame, tell } from "./frame.js";
import { t } from "./words.js";

/** A phone that shows somebody's page, and does for it what WeChat does: `wx.config` is really checked. */

const query = new URLSearchParams(location.search);
const appid = query.get("appid") ?? "";
const given = query.get("url") ?? "";
const url = /^https?:\/\//.test(given) ? given : "";
const view = /** @type {HTMLIFrameElement} */ (h("iframe", { class: "web-view", title: t("webView"), src: url }));
/** @type {string[]} */
let allowed = [];
let isMini = false;
let heard = h("div");
let title = h("h2");

frame(() => {
  heard = h("div", { class: "stack heard" });
  title = h("h2", { class: "mono small" }, url);
  const close = h("button", { class: "button plain", onclick: leave }, t("closePage"));
  return h(
    "main",
    { class: "two" },
    h("section", { class: "card stack" }, h("div", { class: "row" }, close, title), view),
    h(
      "section",
      { class: "card stack" },
      h("h2", null, t("pageAsks")),
      h("p", { class: "soft" }, t("webViewHint")),
      heard,
    ),
  );
});
void readWorld().then(({ accounts }) => {
  isMini = accounts.find((account) => account.appid === appid)?.kind === "miniprogram";
});

window.addEventListener("message", (message) => {
  const asked = message.data?.emulatorAsks;
  if (message.source !== view.contentWindow || asked === undefined) return;
  void attempt(async () => {
    const answer = await answerTo(String(asked.name), asked.given ?? {});
    note(String(asked.name), answer.errMsg);
    view.contentWindow?.postMessage({ emulatorAnswer: { id: asked.id, given: answer } }, "*");
  });
});

/**
 * @param {string} name
 * @param {Record<string, any>} parts
 * @returns {Promise<{ errMsg: string, [name: string]: unknown }>}
 */
async function answerTo(name, parts) {
  if (name === "config") {
    const { url: page, appId, timestamp, nonceStr, signature, jsApiList } = parts;
    const body = { url: page, appId, timestamp, nonceStr, signature, jsApiList };
    /** @type {import("../world/web-view.ts").JsConfigAnswer} */
    const checked = await control("POST", "/web-view/config", body);
    allowed = checked.allowed;
    return { errMsg: checked.errMsg };
  }
  const ok = { errMsg: `${name}:ok` };
  if (name === "miniProgram.getEnv") return { ...ok, miniprogram: isMini };
  if (name === "miniProgram.postMessage") return ok;
  if (name === "miniProgram.navigateBack") return (leave(), ok);
  // Closing asks for no permission. Source: the JS-SDK page, on base functions.
  if (name === "closeWindow") return (leave(), ok);
  if (name === "checkJsApi") {
    const list = /** @type {string[]} */ (parts["jsApiList"] ?? []);
    return { ...ok, checkResult: Object.fromEntries(list.map((each) => [each, allowed.includes(each)])) };
  }
  if (!allowed.includes(name)) return { errMsg: `${name}:permission denied` };
  if (name === "getLocation") return { ...ok, ...(await control("GET", "/web-view/place")) };
  if (name === "scanQRCode") {
    const read = prompt(t("scanPaste"), "");
    return read === null ? { errMsg: `${name}:cancel` } : { ...ok, resultStr: read };
  }
  tell(t("shareSet", { title: String(parts["title"] ?? "") }));
  return ok;
}

function leave() {
  view.src = "about:blank";
  fill(title, t("pageClosed"));
}

/**
 * @param {string} name
 * @param {string} errMsg
 */
function note(name, errMsg) {
  heard.append(
    h(
      "article",
      { class: "row", "data-asked": name },
      h("span", { class: "mono small" }, `wx.${name}`),
      h("span", { class: errMsg.endsWith(":ok") ? "chip good" : "chip warm" }, errMsg),
    ),
  );
}
