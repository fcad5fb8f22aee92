// @ts-check

/**
 * @typedef {import("../world/model.ts").Account} Account
 * @typedef {import("../world/model.ts").Bond & { menu: import("../world/model.ts").MenuButton[] }} Bond
 * @typedef {import("../world/model.ts").ChatEntry} ChatEntry
 * @typedef {import("../world/model.ts").JournalEntry} JournalEntry
 * @typedef {import("../world/model.ts").Mail} Mail
 * @typedef {import("../world/model.ts").Puppet} Puppet
 * @typedef {import("../world/model.ts").PushReport} PushReport
 * @typedef {import("../world/model.ts").TextMessage} TextMessage
 * @typedef {import("../world/model.ts").QrCode} QrCode
 * @typedef {import("../world/state.ts").Happening} Happening
 * @typedef {import("../world/world-page.ts").BondSummary} BondSummary
 * @typedef {import("../world/world-page.ts").WorldPage} WorldView
 */

/**
 * Calls the control API; a refusal is thrown with its sentence.
 * @template T
 * @param {"GET" | "POST" | "PUT" | "PATCH" | "DELETE"} method
 * @param {string} path behind /emulator
 * @param {unknown} [body]
 * @returns {Promise<T>}
 */
export async function control(method, path, body) {
  const response = await fetch(`/emulator${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error?.message ?? response.statusText);
  return answer;
}

/**
 * A page of the world.
 * @param {Record<string, string>} [wanted] the query of /emulator/world
 * @returns {Promise<WorldView>}
 */
export function readWorld(wanted = { limit: "1" }) {
  return control("GET", `/world?${new URLSearchParams(wanted)}`);
}

/**
 * Follows what happens; after a lost connection (the emulator was restarted) `again` asks for a fresh start.
 * @param {(happening: Happening) => void} hear
 * @param {() => void} again
 */
export function listen(hear, again) {
  const source = new EventSource("/emulator/live");
  let lost = false;
  source.addEventListener("message", (message) => hear(JSON.parse(message.data)));
  source.addEventListener("error", () => (lost = true));
  source.addEventListener("open", () => {
    if (lost) again();
    // What happened between the page's first look and now was told to nobody.
    else hear({ type: "world" });
    lost = false;
  });
}

/**
 * Runs `work` once for many calls in a row, and never twice at a time.
 * @param {() => Promise<void>} work
 * @returns {() => void}
 */
export function soon(work) {
  let wanted = false;
  let running = false;
  const run = async () => {
    if (running) return;
    running = true;
    while (wanted) {
      wanted = false;
      await work();
    }
    running = false;
  };
  return () => {
    wanted = true;
    queueMicrotask(() => void run());
  };
}

/**
 * A time of the emulator: the hour today, else with the day.
 * @param {number} at milliseconds
 * @param {number} now
 */
export function timeText(at, now) {
  const date = new Date(at);
  const clock = date.toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
  const sameDay = date.toDateString() === new Date(now).toDateString();
  return sameDay ? clock : `${date.getMonth() + 1}/${date.getDate()} ${clock}`;
}
