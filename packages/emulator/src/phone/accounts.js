// @ts-check
import { accountForms } from "./account-forms.js";
import { control, listen, readWorld, soon } from "./api.js";
import { avatar, field, fill, h, select } from "./dom.js";
import { attempt, frame } from "./frame.js";
import { t } from "./words.js";

/** @typedef {import("./api.js").WorldView} WorldView */

/** @type {WorldView | null} */
let world = null;
let chosen = location.hash.slice(1);
let list = h("div");
let detail = h("div");
/** What the forms were drawn from: they are drawn again only when that changed, so that typing isn't lost. */
let drawn = "";

const update = soon(async () => {
  world = await readWorld();
  drawList(world);
  drawDetail(world);
});

frame(() => {
  list = h("div", { class: "stack" });
  detail = h("div", { class: "stack" });
  drawn = "";
  update();
  return h("main", { class: "two" }, h("section", { class: "stack" }, list, newAccountForm()), detail);
});
listen((happening) => {
  if (happening.type === "world") update();
}, update);

/** @param {WorldView} view */
function drawList(view) {
  if (!view.accounts.some((account) => account.appid === chosen)) chosen = view.accounts[0]?.appid ?? "";
  const rows = view.accounts.map((account) => {
    const state = account.push === null ? ["", t("notConfigured")] : ["good", t("configured")];
    return h(
      "button",
      { class: "pick", "aria-pressed": String(account.appid === chosen), onclick: () => choose(account.appid) },
      avatar(account.name),
      h(
        "span",
        { class: "texts" },
        h("b", null, account.name),
        h("span", { class: "small faint mono" }, account.appid),
      ),
      h("span", { class: `chip ${state[0]}` }, state[1]),
    );
  });
  fill(list, rows.length === 0 ? h("p", { class: "empty card" }, t("noAccounts")) : rows);
}

/** @param {string} appid */
function choose(appid) {
  chosen = appid;
  history.replaceState(null, "", `#${appid}`);
  update();
}

/** @param {WorldView} view */
function drawDetail(view) {
  const account = view.accounts.find((one) => one.appid === chosen);
  const followers = view.followers[chosen] ?? 0;
  const now = JSON.stringify([account, followers]);
  if (now === drawn) return;
  drawn = now;
  fill(detail, account === undefined ? null : accountForms(account, followers));
}

function newAccountForm() {
  const name = /** @type {HTMLInputElement} */ (h("input", { class: "input", required: true, maxLength: 32 }));
  const platform = /** @type {HTMLInputElement} */ (h("input", { class: "input", placeholder: t("optional") }));
  const kinds = /** @type {const} */ (["service", "subscription", "miniprogram"]);
  const kind = /** @type {HTMLSelectElement} */ (
    select(
      kinds.map((value) => ({ value, label: t(value) })),
      "service",
    )
  );
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void attempt(async () => {
      const openPlatform = platform.value.trim() === "" ? null : platform.value.trim();
      /** @type {import("./api.js").Account} */
      const account = await control("POST", "/accounts", {
        name: name.value.trim(),
        kind: kind.value,
        openPlatform,
      });
      name.value = "";
      platform.value = "";
      choose(account.appid);
    });
  };
  return h(
    "form",
    { class: "card stack", onsubmit },
    h("h2", null, t("newAccount")),
    field(t("accountName"), name),
    field(t("kindOfAccount"), kind),
    field(t("openPlatform"), platform),
    h("button", { class: "button main" }, t("create")),
  );
}
