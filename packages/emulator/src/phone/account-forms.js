// @ts-check
import { control } from "./api.js";
import { field, h, icon, select } from "./dom.js";
import { attempt, tell } from "./frame.js";
import { t } from "./words.js";

/** @typedef {import("./api.js").Account} Account */

/**
 * Everything about one account.
 * @param {Account} account
 * @param {number} followers
 */
export function accountForms(account, followers) {
  const isMini = account.kind === "miniprogram";
  return [
    identity(account, isMini ? null : followers),
    kindForm(account),
    serverForm(account),
    templates(account),
    !isMini && menu(account),
    dangers(account),
  ];
}

/**
 * @param {Account} account
 * @param {number | null} followers null: nobody follows a mini-program
 */
function identity(account, followers) {
  const rows = [
    ["AppID", account.appid],
    ["AppSecret", account.secret],
    [t("originalId"), account.originalId],
  ];
  return h(
    "section",
    { class: "card stack" },
    h(
      "div",
      { class: "row spread" },
      h("h1", null, account.name),
      followers === null ? chip("", t("miniprogram")) : h("span", { class: "chip" }, t("followers", { n: followers })),
    ),
    h(
      "dl",
      { class: "facts" },
      rows.map(([name, value]) => fact(name ?? "", value ?? "")),
    ),
    account.openPlatform !== null && h("p", { class: "small faint" }, `${t("openPlatform")}: ${account.openPlatform}`),
  );
}

/**
 * @param {string} name
 * @param {string} value
 */
function fact(name, value) {
  const copy = () =>
    void attempt(async () => {
      await navigator.clipboard.writeText(value);
      tell(t("copied"));
    });
  return h(
    "div",
    { class: "fact" },
    h("dt", { class: "small soft" }, name),
    h(
      "dd",
      { class: "mono" },
      h("span", null, value),
      h("button", { class: "button plain small", onclick: copy }, t("copy")),
    ),
  );
}

/** What the account may call, and from where. @param {Account} account */
function kindForm(account) {
  const kinds = /** @type {const} */ (["service", "subscription", "miniprogram"]);
  const kind = select(
    kinds.map((value) => ({ value, label: t(value) })),
    account.kind,
  );
  const states = /** @type {const} */ (["verified", "unverified"]);
  const verified = select(
    states.map((value) => ({ value, label: t(value) })),
    account.isVerified ? "verified" : "unverified",
  );
  const addresses = /** @type {HTMLTextAreaElement} */ (
    h("textarea", { class: "input mono", rows: 2, value: (account.ipWhitelist ?? []).join("\n") })
  );
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const list = addresses.value.split(/\s+/).filter((line) => line !== "");
    const body = {
      kind: valueOf(kind),
      isVerified: valueOf(verified) === "verified",
      ipWhitelist: list.length === 0 ? null : list,
    };
    void attempt(async () => {
      await control("PATCH", `/accounts/${account.appid}`, body);
      tell(t("saved"));
    });
  };
  return h(
    "form",
    { class: "card stack", onsubmit },
    h("div", { class: "pair" }, field(t("kindOfAccount"), kind), field(t("verification"), verified)),
    field(t("ipWhitelist"), addresses),
    h("div", { class: "row" }, h("button", { class: "button main" }, t("saveKind"))),
  );
}

/** @param {Account} account */
function serverForm(account) {
  const { push } = account;
  const url = input({ type: "url", required: true, value: push?.url ?? "", placeholder: "http://127.0.0.1:8790/…" });
  const token = input({ required: true, value: push?.token ?? "", pattern: "[A-Za-z0-9]{3,32}" });
  const key = input({ class: "input mono", value: push?.encodingAesKey ?? "", pattern: "[A-Za-z0-9]{43}" });
  const generate = () => (key.value = randomLetters(43));
  const modes = /** @type {const} */ (["plain", "compatible", "safe"]);
  const mode = select(
    modes.map((value) => ({ value, label: t(value) })),
    push?.mode ?? "plain",
  );
  const formats = [
    { value: "xml", label: "XML" },
    { value: "json", label: "JSON" },
  ];
  const format = select(formats, push?.format ?? "xml");
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const body = { url: url.value, token: token.value, mode: valueOf(mode), format: valueOf(format) };
    const encodingAesKey = key.value === "" ? null : key.value;
    void attempt(async () => {
      /** @type {{ check: { ms: number } }} */
      const { check } = await control("PUT", `/accounts/${account.appid}/push`, { ...body, encodingAesKey });
      tell(t("checkOk", { ms: check.ms }));
    });
  };
  const remove = () => void attempt(() => control("DELETE", `/accounts/${account.appid}/push`));
  const keyRow = h(
    "div",
    { class: "together" },
    key,
    h("button", { type: "button", class: "button", onclick: generate }, t("generate")),
  );
  return h(
    "form",
    { class: "card stack", onsubmit },
    h(
      "div",
      { class: "row spread" },
      h("h2", null, t("server")),
      push === null ? chip("", t("notConfigured")) : chip("good", t("configured")),
    ),
    h("p", { class: "small soft" }, t("serverHint")),
    field(t("url"), url),
    h("div", { class: "pair" }, field(t("token"), token), field(t("key"), keyRow)),
    h("div", { class: "pair" }, field(t("mode"), mode), field(t("format"), format)),
    h(
      "div",
      { class: "row" },
      h("button", { class: "button main" }, t("save")),
      push !== null &&
        h("button", { type: "button", class: "button plain danger", onclick: remove }, t("removeServer")),
    ),
  );
}

/** @param {Account} account */
function templates(account) {
  const title = input({ required: true });
  const templateId = input({ placeholder: t("optional") });
  const content = /** @type {HTMLTextAreaElement} */ (h("textarea", { class: "input", required: true }));
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const id = templateId.value.trim() === "" ? {} : { templateId: templateId.value.trim() };
    const body = { title: title.value, content: content.value, ...id };
    void attempt(() => control("POST", `/accounts/${account.appid}/templates`, body));
  };
  const rows = account.templates.map((template) => {
    const path = `/accounts/${account.appid}/templates/${encodeURIComponent(template.templateId)}`;
    const remove = () => void attempt(() => control("DELETE", path));
    return h(
      "article",
      { class: "template" },
      h(
        "div",
        { class: "row spread" },
        h("b", null, template.title),
        h("button", { class: "button plain small danger", onclick: remove }, t("remove")),
      ),
      h("p", { class: "mono small faint break" }, template.templateId),
      h("pre", null, template.content),
    );
  });
  return h(
    "section",
    { class: "card stack" },
    h("h2", null, t("templates")),
    rows.length === 0 ? h("p", { class: "faint" }, t("noTemplates")) : rows,
    h(
      "details",
      null,
      h("summary", { class: "button" }, icon("plus"), t("add")),
      h(
        "form",
        { class: "stack inset", onsubmit },
        h("div", { class: "pair" }, field(t("templateTitle"), title), field(t("templateId"), templateId)),
        field(t("templateContent"), content),
        h("div", null, h("button", { class: "button main" }, t("add"))),
      ),
    ),
  );
}

/** @param {Account} account */
function menu(account) {
  const columns = (account.menu ?? []).map((button) =>
    h(
      "div",
      { class: "menu-column" },
      h("b", null, button.name),
      [button, ...(button.sub_button ?? [])]
        .filter((one) => one.type !== undefined)
        .map((one) =>
          h(
            "p",
            { class: "small soft break" },
            one === button ? "" : `${one.name} · `,
            `${one.type} ${one.key ?? one.url ?? one.media_id ?? one.article_id ?? ""}`,
          ),
        ),
    ),
  );
  const body =
    columns.length === 0 ? h("p", { class: "faint" }, t("noMenu")) : h("div", { class: "menu-columns" }, columns);
  return h("section", { class: "card stack" }, h("h2", null, t("menuTitle")), body);
}

/** @param {Account} account */
function dangers(account) {
  const path = `/accounts/${account.appid}`;
  const voidTokens = () =>
    void attempt(async () => {
      /** @type {{ voided: number }} */
      const { voided } = await control("POST", `${path}/void-tokens`, {});
      tell(t("voided", { n: voided }));
    });
  const remove = () => {
    if (confirm(t("deleteAsk", { name: account.name }))) void attempt(() => control("DELETE", path));
  };
  return h(
    "section",
    { class: "card row" },
    h("button", { class: "button", onclick: voidTokens }, t("voidTokens")),
    h("button", { class: "button plain danger", onclick: remove }, t("deleteAccount")),
  );
}

/**
 * @param {import("./dom.js").Properties} properties
 * @returns {HTMLInputElement}
 */
function input(properties) {
  return /** @type {HTMLInputElement} */ (h("input", { class: "input", autocomplete: "off", ...properties }));
}

/** @param {HTMLElement} control */
function valueOf(control) {
  return /** @type {HTMLSelectElement} */ (control).value;
}

/**
 * @param {string} kind
 * @param {string} text
 */
function chip(kind, text) {
  return h("span", { class: `chip ${kind}` }, text);
}

/** @param {number} length */
function randomLetters(length) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  return [...crypto.getRandomValues(new Uint8Array(length))].map((byte) => letters[byte % letters.length]).join("");
}
