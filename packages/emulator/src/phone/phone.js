// @ts-check
import { control, listen, readWorld, soon } from "./api.js";
import { avatar, field, fill, h, select } from "./dom.js";
import { attempt, emulatorNow, frame, refreshClock, tell } from "./frame.js";
import { chatScreen, homeScreen, profileScreen, scanScreen } from "./screens.js";
import { wireStrip } from "./wire.js";
import { t } from "./words.js";

/**
 * @typedef {import("./api.js").Bond} Bond
 * @typedef {import("./api.js").PushReport} PushReport
 * @typedef {import("./api.js").WorldView} WorldView
 * @typedef {import("./screens.js").Screen} Screen
 */

const puppetKey = "emulator.puppet";

/** @type {WorldView} */
let world = { clock: { offsetMs: 0, now: "" }, smtpUrl: "", accounts: [], puppets: [], bonds: [], qrCodes: [] };
/** @type {Screen} */
let screen = { name: "home" };
/** @type {ReturnType<typeof chatScreen> | null} */
let openChat = null;
let people = h("div");
let glass = h("div");
let statusTime = h("span");
/** @type {ReturnType<typeof wireStrip> | null} */
let wire = null;

const update = soon(async () => {
  world = await readWorld();
  drawPeople();
  await drawScreen();
});

/** Once the ordered fault has happened, the choice goes back to "none". */
async function showTroubleLeft() {
  /** @type {{ faults: unknown[] }} */
  const { faults } = await control("GET", "/faults");
  const choice = document.querySelector("[data-trouble]");
  if (faults.length === 0 && choice instanceof HTMLSelectElement) choice.value = "";
}

/** Faults worth showing, for the next push. */
const troubles = /** @type {const} */ ({
  troubleLost: { dropAnswers: 1 },
  troubleDead: { dropAnswers: 3 },
  troubleTwice: { repeat: 3, parallel: true },
  troubleSlow: { delayMs: 5000 },
  troubleHeld: { holdFor: 1 },
});

function troubleField() {
  const names = /** @type {(keyof typeof troubles)[]} */ (Object.keys(troubles));
  const options = [{ value: "", label: t("troubleNone") }, ...names.map((value) => ({ value, label: t(value) }))];
  const onchange = (/** @type {Event} */ event) => {
    const chosen = names.find((name) => name === /** @type {HTMLSelectElement} */ (event.target).value);
    void attempt(async () => {
      await control("DELETE", "/faults");
      if (chosen === undefined) return;
      await control("POST", "/faults", { target: "push", ...troubles[chosen] });
      tell(t("troubleSet", { what: t(chosen) }));
    });
  };
  return field(t("trouble"), select(options, "", { onchange, "data-trouble": true }));
}

function showTime() {
  const time = new Date(emulatorNow()).toLocaleTimeString("zh-CN", {
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
  });
  if (statusTime.textContent !== time) fill(statusTime, time);
}

function battery() {
  return h("span", { class: "battery", "aria-hidden": "true" });
}

/** The person who holds the phone; the first one until somebody is chosen. */
function holder() {
  const chosen = sessionStorage.getItem(puppetKey);
  return world.puppets.find((puppet) => puppet.id === chosen) ?? world.puppets[0] ?? null;
}

function drawPeople() {
  const current = holder();
  const rows = world.puppets.map((puppet) => {
    const count = world.bonds.filter((bond) => bond.puppetId === puppet.id && bond.following).length;
    const onclick = () => {
      sessionStorage.setItem(puppetKey, puppet.id);
      go({ name: "home" });
      drawPeople();
    };
    const texts = h("span", { class: "texts" }, puppet.name, h("span", { class: "small faint" }, puppet.id));
    return h(
      "button",
      { class: "person", "aria-pressed": String(puppet === current), onclick },
      avatar(puppet.name, "round"),
      texts,
      count > 0 && h("span", { class: "chip" }, String(count)),
    );
  });
  const draft = people.querySelector("input")?.value ?? "";
  fill(
    people,
    h("h2", null, t("people")),
    h("div", { class: "persons" }, rows),
    addPerson(draft),
    current !== null && deliveryField(current),
  );
}

/** @param {string} draft */
function addPerson(draft) {
  const input = /** @type {HTMLInputElement} */ (
    h("input", { class: "input", placeholder: t("newPuppetName"), "aria-label": t("newPuppet"), value: draft })
  );
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const name = input.value.trim();
    input.value = "";
    void attempt(async () => {
      const body = name === "" ? {} : { name };
      /** @type {import("./api.js").Puppet} */
      const puppet = await control("POST", "/puppets", body);
      sessionStorage.setItem(puppetKey, puppet.id);
      go({ name: "home" });
    });
  };
  return h("form", { class: "add", onsubmit }, input, h("button", { class: "button" }, t("add")));
}

/** @param {import("./api.js").Puppet} puppet */
function deliveryField(puppet) {
  const kinds = /** @type {const} */ (["success", "user_block", "system_failed"]);
  const onchange = (/** @type {Event} */ event) => {
    const templateDelivery = /** @type {HTMLSelectElement} */ (event.target).value;
    void attempt(() => control("PATCH", `/puppets/${puppet.id}`, { templateDelivery }));
  };
  const options = kinds.map((value) => ({ value, label: t(value) }));
  return field(t("templateDelivery"), select(options, puppet.templateDelivery, { onchange }));
}

/** @param {Screen} next */
function go(next) {
  screen = next;
  openChat = null;
  void drawScreen();
}

async function drawScreen() {
  showTime();
  const puppet = holder();
  if (puppet === null) {
    fill(glass, h("div", { class: "screen off" }, h("p", null, t("noPeople"))));
    return;
  }
  const { name } = screen;
  const appid = "appid" in screen ? screen.appid : "";
  const account = world.accounts.find((one) => one.appid === appid);
  if (name === "scan") return keepingInput(() => fill(glass, scanScreen(world, acts)));
  if (account === undefined) return fill(glass, homeScreen(world, puppet, acts));
  if (name === "profile") return fill(glass, profileScreen(account, acts));
  /** @type {Bond} */
  const bond = await control("GET", `/puppets/${puppet.id}/chat?appid=${appid}`);
  // Somebody may have left this chat while it was read.
  if (screen.name !== "chat" || screen.appid !== appid || holder()?.id !== puppet.id) return;
  if (openChat === null) {
    openChat = chatScreen(account, puppet, acts);
    fill(glass, openChat.element);
  }
  openChat.update(account, bond);
}

/** @param {() => void} draw */
function keepingInput(draw) {
  const draft = glass.querySelector("input")?.value ?? "";
  const top = glass.querySelector(".scroll")?.scrollTop ?? 0;
  draw();
  const input = glass.querySelector("input");
  if (input !== null) input.value = draft;
  const scroll = glass.querySelector(".scroll");
  if (scroll !== null) scroll.scrollTop = top;
}

/**
 * Lets the puppet do something; the strip beside the phone starts anew.
 * @param {string} title
 * @param {string} action
 * @param {unknown} body
 * @returns {Promise<PushReport | null>}
 */
async function act(title, action, body) {
  const puppet = holder();
  if (puppet === null) return null;
  wire?.begin(title);
  /** @type {PushReport | null} */
  let report = null;
  await attempt(async () => {
    report = await control("POST", `/puppets/${puppet.id}/${action}`, body);
  });
  return report;
}

/** @type {import("./screens.js").Acts} */
const acts = {
  go,
  follow(appid) {
    // The chat opens at once, as on a phone, and not only when the developer has answered.
    void act(t("didFollow"), "follow", { appid });
    go({ name: "chat", appid });
  },
  unfollow(appid) {
    void act(t("didUnfollow"), "unfollow", { appid });
    go({ name: "home" });
  },
  scan(code) {
    void act(t("didScan"), "scan", { code }).then((report) => {
      if (report !== null) go({ name: "chat", appid: report.appid });
    });
  },
  say: (appid, text) => void act(t("didSay"), "say", { appid, text }),
  tap(appid, button) {
    for (const open of glass.querySelectorAll("details[open]")) open.removeAttribute("open");
    void act(t("didTap"), "tap", { appid, button: button.key ?? button.url ?? button.name });
    if (button.type === "view" && /^https?:/.test(button.url ?? "")) open(button.url, "_blank", "noreferrer");
  },
  sendImage: (appid) => void act(t("didPicture"), "send-image", { appid }),
  sendLocation(appid) {
    // People's Square in Shanghai: a place everybody may stand at.
    const place = { latitude: 31.2304, longitude: 121.4737, label: "上海市黄浦区人民广场" };
    void act(t("didPlace"), "send-location", { appid, ...place });
  },
};

start();

function start() {
  frame(() => {
    people = h("section", { class: "people stack" });
    glass = h("div", { class: "glass" });
    statusTime = h("span");
    const strip = h("div", { class: "strip" });
    wire = wireStrip(strip);
    openChat = null;
    update();
    const speaker = h("span", { class: "speaker", "aria-hidden": "true" });
    const device = h(
      "section",
      { class: "device" },
      h("div", { class: "status" }, statusTime, speaker, battery()),
      glass,
    );
    return h(
      "main",
      { class: "table" },
      people,
      device,
      h("section", { class: "wire" }, h("h2", null, t("wire")), troubleField(), strip),
    );
  });
  setInterval(showTime, 1000);
  listen(
    (happening) => {
      if (happening.type === "journal") {
        wire?.add(happening.entry);
        if (happening.entry.kind === "push") void showTroubleLeft();
      }
      if (happening.type === "chat" || happening.type === "world") update();
      if (happening.type === "world") void refreshClock();
    },
    () => location.reload(),
  );
}
