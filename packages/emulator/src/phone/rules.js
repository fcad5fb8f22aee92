// @ts-check
import { control, listen, soon } from "./api.js";
import { fill, h, select } from "./dom.js";
import { attempt, frame } from "./frame.js";
import { t } from "./words.js";

/**
 * @typedef {import("../wechat/describe-rules.ts").DescribedRoute} DescribedRoute
 * @typedef {import("../wechat/describe-rules.ts").DescribedErrcode} DescribedErrcode
 * @typedef {import("../wechat/rules.ts").Rule} Rule
 * @typedef {{ routes: DescribedRoute[], rules: Rule[], errcodes: DescribedErrcode[],
 *   changes: Record<string, number | string> }} Table
 */

/** @type {Table | null} */
let table = null;
let wanted = "";
let list = h("div");

const update = soon(async () => {
  table = await control("GET", "/rules");
  draw();
});

frame(() => {
  list = h("div", { class: "stack" });
  const search = h("input", {
    class: "input",
    type: "search",
    placeholder: t("seekRule"),
    "aria-label": t("seekRule"),
    value: wanted,
  });
  search.addEventListener("input", () => {
    wanted = /** @type {HTMLInputElement} */ (search).value.trim().toLowerCase();
    draw();
  });
  update();
  return h(
    "main",
    { class: "stack" },
    h("h1", { class: "unseen" }, t("rules")),
    h("p", { class: "soft" }, t("rulesHint")),
    h("div", { class: "filters" }, search),
    list,
  );
});
listen((happening) => {
  if (happening.type === "world") update();
}, update);

function draw() {
  if (table === null) return;
  const { routes, rules, errcodes, changes } = table;
  const fits = (/** @type {unknown} */ each) => wanted === "" || JSON.stringify(each).toLowerCase().includes(wanted);
  const cards = [
    card(
      t("switches"),
      rules.filter((rule) => rule.kind === "switch" && fits(rule)),
      (rule) => ruleRow(rule, changes),
    ),
    card(
      t("limits"),
      rules.filter((rule) => rule.kind !== "switch" && fits(rule)),
      (rule) => ruleRow(rule, changes),
    ),
    card(t("routes"), routes.filter(fits), routeRow),
    card(t("codes"), errcodes.filter(fits), codeRow),
  ].filter((each) => each !== null);
  fill(list, cards.length === 0 ? h("p", { class: "empty" }, t("noRules")) : cards);
}

/**
 * @template T
 * @param {string} title
 * @param {T[]} items
 * @param {(item: T) => HTMLElement} row
 */
function card(title, items, row) {
  if (items.length === 0) return null;
  const head = h("h2", null, `${title} `, h("span", { class: "faint" }, items.length));
  return h("section", { class: "card" }, head, items.map(row));
}

/**
 * @param {Rule} rule
 * @param {Record<string, number | string>} changes
 */
function ruleRow(rule, changes) {
  const change = changes[rule.id];
  const isChanged = change !== undefined;
  const reset = () => void attempt(() => control("PUT", "/rules", { [rule.id]: null }));
  return h(
    "article",
    { class: "rule" },
    h("div", null, h("span", { class: "mono small faint" }, rule.id), h("p", null, rule.says)),
    h(
      "div",
      { class: "side" },
      isChanged && h("span", { class: "chip warm" }, t("changed", { value: writtenValue(rule) })),
      changerOf(rule, change),
      isChanged && h("button", { class: "button plain small", onclick: reset }, t("reset")),
    ),
    h("p", { class: "source small faint" }, sourceOf(rule)),
  );
}

/**
 * What a rule is changed by: a list of positions, or a number.
 * @param {Rule} rule
 * @param {number | string | undefined} change
 */
function changerOf(rule, change) {
  const put = (/** @type {number | string} */ value) =>
    void attempt(() => control("PUT", "/rules", { [rule.id]: value }));
  if (rule.kind === "switch") {
    const options = Object.entries(rule.positions).map(([value, label]) => ({ value, label }));
    const onchange = (/** @type {Event} */ event) => put(/** @type {HTMLSelectElement} */ (event.target).value);
    return select(options, String(change ?? writtenValue(rule)), { "aria-label": rule.says, onchange });
  }
  const value = change ?? (rule.kind === "fact" ? rule.value : rule.max);
  const onchange = (/** @type {Event} */ event) => put(Number(/** @type {HTMLInputElement} */ (event.target).value));
  return h("input", { class: "input", type: "number", min: 0, value, "aria-label": rule.says, onchange });
}

/** @param {Rule} rule */
function writtenValue(rule) {
  if (rule.kind === "switch") return Object.keys(rule.positions)[0] ?? "";
  return rule.kind === "fact" ? rule.value : rule.max;
}

/** @param {Rule} rule */
function sourceOf(rule) {
  const codes = rule.kind === "limit" ? [...new Set([rule.errcode, rule.errcodeBelow])].join(", ") : "";
  const bounds = rule.kind === "limit" ? t("between", { min: rule.min, max: rule.max }) : "";
  return [bounds, codes, t(rule.certainty), rule.page, rule.read].filter((part) => part !== "").join(" · ");
}

/** @param {DescribedRoute} route */
function routeRow({ method, path, says, page, may, perDay, perMinute, errcodes }) {
  const limits = [
    perDay === null ? "" : t("perDay", { n: perDay }),
    perMinute === null ? "" : t("perMinute", { n: perMinute }),
  ];
  return h(
    "article",
    { class: "rule" },
    h("div", null, h("span", { class: "mono small" }, `${method} ${path}`), h("p", null, says)),
    h(
      "div",
      { class: "side" },
      limits.filter((part) => part !== "").map((part) => h("span", { class: "chip" }, part)),
    ),
    h("p", { class: "source small faint" }, [may, page, errcodes.join(", ")].filter((part) => part !== "").join(" · ")),
  );
}

/** @param {DescribedErrcode} code */
function codeRow({ errcode, errmsg, meaning, isRecalled }) {
  return h(
    "article",
    { class: "rule" },
    h("div", null, h("span", { class: "mono" }, errcode), ` ${meaning}`),
    h("div", { class: "side" }, isRecalled && h("span", { class: "chip warm" }, t("recalled"))),
    h("p", { class: "source mono small faint" }, errmsg),
  );
}
