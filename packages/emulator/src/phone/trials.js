// @ts-check
import { control, listen, soon } from "./api.js";
import { field, fill, h, select } from "./dom.js";
import { attempt, frame, tell } from "./frame.js";
import { t } from "./words.js";

/**
 * @typedef {import("../world/faults.ts").Fault} Fault
 * @typedef {import("../memory/snapshots.ts").Snapshot} Snapshot
 */

const apiKinds = /** @type {const} */ (["busy", "token-race", "quota", "timeout-before", "timeout-after", "slow"]);
const pushKinds = /** @type {const} */ (["duplicated", "reordered", "delayed", "lost", "bad-signature"]);

let faultList = h("div");
let snapshotList = h("div");

const update = soon(async () => {
  /** @type {{ faults: Fault[] }} */
  const { faults } = await control("GET", "/faults");
  /** @type {{ snapshots: Snapshot[] }} */
  const { snapshots } = await control("GET", "/snapshots");
  fill(faultList, faults.length === 0 ? h("p", { class: "empty" }, t("noFaults")) : faults.map(faultRow));
  fill(
    snapshotList,
    snapshots.length === 0 ? h("p", { class: "empty" }, t("noSnapshots")) : snapshots.map(snapshotRow),
  );
});

frame(() => {
  faultList = h("div", { class: "stack" });
  snapshotList = h("div", { class: "stack" });
  update();
  return h(
    "main",
    { class: "two" },
    h(
      "section",
      { class: "card stack" },
      h("h2", null, t("faults")),
      h("p", { class: "soft" }, t("faultsHint")),
      form(),
    ),
    h(
      "div",
      { class: "stack" },
      h("section", { class: "card stack" }, faultsHead(), faultList),
      h(
        "section",
        { class: "card stack" },
        h("h2", null, t("snapshots")),
        h("p", { class: "soft" }, t("snapshotsHint")),
        snapshotForm(),
        snapshotList,
      ),
    ),
  );
});
listen((happening) => {
  if (happening.type === "world" || happening.type === "journal") update();
}, update);

function form() {
  const kind = /** @type {HTMLSelectElement} */ (
    select(
      [...apiKinds, ...pushKinds].map((value) => ({ value, label: t(`fault-${value}`) })),
      "busy",
      { "data-kind": true },
    )
  );
  const where = /** @type {HTMLInputElement} */ (
    h("input", { class: "input", placeholder: "/cgi-bin/message/custom/send" })
  );
  const count = /** @type {HTMLInputElement} */ (h("input", { class: "input", type: "number", min: 1, value: 1 }));
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const isCall = apiKinds.some((each) => each === kind.value);
    const hit = where.value.trim() === "" ? {} : { [isCall ? "path" : "what"]: where.value.trim() };
    void attempt(() => control("POST", "/faults", { kind: kind.value, count: Number(count.value), ...hit }));
  };
  return h(
    "form",
    { class: "stack", onsubmit },
    field(t("faultKind"), kind),
    field(t("faultPath"), where),
    field(t("faultCount"), count),
    h("button", { class: "button main" }, t("order")),
  );
}

function faultsHead() {
  const onclick = () => void attempt(() => control("DELETE", "/faults"));
  const clear = h("button", { class: "button plain small", onclick }, t("clear"));
  return h("div", { class: "row" }, h("h2", null, t("faultsLeft")), clear);
}

/** @param {Fault} fault */
function faultRow({ target, count, appid, ...fault }) {
  const place = "path" in fault ? fault.path : "what" in fault ? fault.what : undefined;
  const parts = Object.entries(fault).filter(
    ([name, value]) => !["path", "what"].includes(name) && value !== undefined,
  );
  return h(
    "article",
    { class: "row", "data-fault": true },
    h("span", { class: "chip" }, t(target)),
    h("span", { class: "mono small" }, parts.map(([name, value]) => `${name} ${value}`).join(", ")),
    h("span", { class: "small faint" }, [place, appid].filter((each) => each !== undefined).join(" · ")),
    h("span", { class: "chip warm" }, t("tries", { n: count })),
  );
}

function snapshotForm() {
  const name = /** @type {HTMLInputElement} */ (
    h("input", {
      class: "input",
      required: true,
      maxLength: 60,
      "aria-label": t("snapshotName"),
      "data-snapshot": true,
    })
  );
  name.placeholder = t("snapshotName");
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void attempt(async () => {
      await control("PUT", `/snapshots/${encodeURIComponent(name.value.trim())}`);
      name.value = "";
      update();
    });
  };
  return h("form", { class: "row", onsubmit }, name, h("button", { class: "button" }, t("takeSnapshot")));
}

/** @param {Snapshot} snapshot */
function snapshotRow({ name, at, bytes }) {
  const path = `/snapshots/${encodeURIComponent(name)}`;
  const restore = () =>
    void attempt(async () => {
      await control("POST", `${path}/restore`);
      tell(t("restored", { name }));
    });
  const remove = () => void attempt(() => control("DELETE", path));
  return h(
    "article",
    { class: "row", "data-kept": name },
    h("b", null, name),
    h("span", { class: "small faint" }, `${new Date(at).toLocaleString("zh-CN", { hour12: false })} · ${bytes} B`),
    h("button", { class: "button small", onclick: restore }, t("restore")),
    h("button", { class: "button plain small", onclick: remove }, t("remove")),
  );
}
