// @ts-check
import { control, listen, readWorld, soon } from "./api.js";
import { avatar, field, fill, h, select } from "./dom.js";
import { attempt, emulatorNow, frame, refreshClock, tell } from "./frame.js";
import { chatScreen, homeScreen, miniScreen, profileScreen, scanScreen } from "./screens.js";
import { wireStrip } from "./wire.js";
import { t } from "./words.js";

/**
 * @typedef {import("./api.js").Bond} Bond
 * @typedef {import("./api.js").PushReport} PushReport
 * @typedef {import("./api.js").WorldView} WorldView
 * @typedef {import("./screens.js").Screen} Screen
 */

const puppetKey = "emulator.puppet";
/** More people than a list is good for: the newest are shown, the others are looked for. */
const mostPeople = 30;

/** @type {WorldView} */
let world = {
  seed: 0,
  clock: { offsetMs: 0, now: "" },
  smtpUrl: "",
  smsUrl: "",
  accounts: [],
  followers: {},
  puppets: [],
  next: null,
  bonds: [],
  qrCodes: [],
  totals: { puppets: 0, found: 0, bonds: 0, qrCodes: 0 },
};
/** @type {Screen} */
let screen = { name: "home" };
/** @type {ReturnType<typeof chatScreen> | null} */
let openChat = null;
let people = h("div");
let persons = h("div");
let sought = "";
let glass = h("div");
let statusTime = h("span");
/** @type {ReturnType<typeof wireStrip> | null} */
let wire = null;

const update = soon(async () => {
  const isOpenHere = document.activeElement?.matches("input[data-seek]") === true;
  world = await readPeople();
  if (isOpenHere) drawPersons();
  else drawPeople();
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

/**
 * The people to choose from: all of them, unless they are many; then the newest of those that are looked for. Whoever
 * holds the phone is among what is read.
 */
function readPeople() {
  const chosen = sessionStorage.getItem(puppetKey) ?? "";
  return readWorld({
    limit: String(mostPeople),
    newest: "true",
    search: sought,
    ...(/^[\w-]{1,64}$/.test(chosen) ? { with: chosen } : {}),
  });
}

function shownPeople() {
  const { totals, puppets } = world;
  if (totals.puppets <= mostPeople) return puppets.toReversed();
  return puppets.filter(({ id, name }) => name.includes(sought) || id.includes(sought)).slice(0, mostPeople);
}

/** The person who holds the phone; the first one until somebody is chosen. */
function holder() {
  const chosen = sessionStorage.getItem(puppetKey);
  return world.puppets.find((puppet) => puppet.id === chosen) ?? shownPeople()[0] ?? world.puppets[0] ?? null;
}

function drawPersons() {
  const current = holder();
  const followed = new Map();
  for (const { puppetId, following } of world.bonds)
    if (following) followed.set(puppetId, (followed.get(puppetId) ?? 0) + 1);
  const rows = shownPeople().map((puppet) => {
    const count = followed.get(puppet.id) ?? 0;
    const onclick = () => {
      sessionStorage.setItem(puppetKey, puppet.id);
      go({ name: "home" });
      update();
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
  const left = world.totals.puppets - rows.length;
  fill(persons, ...rows, left > 0 && h("p", { class: "small faint" }, t("morePeople", { n: String(left) })));
}

function drawPeople() {
  const current = holder();
  const newcomer = people.querySelector("input[data-new]");
  const draft = newcomer instanceof HTMLInputElement ? newcomer.value : "";
  persons = h("div", { class: "persons" });
  drawPersons();
  fill(
    people,
    h("h2", null, t("people")),
    world.totals.puppets > mostPeople && seekPerson(),
    persons,
    addPerson(draft),
    current !== null && deliveryField(current),
  );
}

function seekPerson() {
  const oninput = (/** @type {Event} */ event) => {
    sought = /** @type {HTMLInputElement} */ (event.target).value.trim();
    update();
  };
  const label = t("seekPerson");
  return h("input", {
    class: "input",
    type: "search",
    "data-seek": true,
    placeholder: label,
    "aria-label": label,
    value: sought,
    oninput,
  });
}

/** @param {string} draft */
function addPerson(draft) {
  const input = /** @type {HTMLInputElement} */ (
    h("input", {
      class: "input",
      placeholder: t("newPuppetName"),
      "aria-label": t("newPuppet"),
      value: draft,
      "data-new": true,
    })
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
  const isMini = account.kind === "miniprogram";
  if (name === "profile") return fill(glass, isMini ? miniScreen(account, acts) : profileScreen(account, acts));
  /** @type {Bond} */
  const bond = await control("GET", `/puppets/${puppet.id}/chat?appid=${appid}`);
  // Somebody may have left this chat while it was read.
  if (screen.name !== "chat" || screen.appid !== appid || holder()?.id !== puppet.id) return;
  if (openChat === null) {
    openChat = chatScreen(account, puppet, acts);
    fill(glass, openChat.element);
  }
  openChat.update(bond);
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
  say: (appid, text, choice) => void act(t("didSay"), "say", { appid, text, choice }),
  tap(appid, button) {
    for (const open of glass.querySelectorAll("details[open]")) open.removeAttribute("open");
    void act(t("didTap"), "tap", {
      appid,
      button: button.key ?? button.url ?? button.media_id ?? button.article_id ?? button.name,
    });
    if (button.type === "view" && /^https?:/.test(button.url ?? "")) acts.openPage(appid, button.url ?? "");
  },
  openPage: (appid, url) => void open(`/web-view?${new URLSearchParams({ appid, url })}`, "_blank", "noreferrer"),
  giveCode(appid, by) {
    void act(by === "login" ? "wx.login" : t("miniPhone"), by, { appid }).then((given) => {
      const { code } = /** @type {{ code?: string }} */ (given ?? {});
      if (code !== undefined) tell(t("miniCode", { code }));
    });
  },
  subscribe(appid, templateId) {
    void act(t("miniAgreed"), "subscribe", { appid, answers: { [templateId]: "accept" } }).then((report) => {
      if (report !== null) tell(t("miniAgreed"));
    });
  },
  enterSession(appid) {
    void act(t("miniEnter"), "enter-session", { appid });
    go({ name: "chat", appid });
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
      h("h1", { class: "unseen" }, t("phone")),
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
