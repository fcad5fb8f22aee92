// @ts-check

/*
 * The emulator's own `wx` for pages in its web-view, in the place of WeChat's script: each call is a message to the
 * page around it, which asks the emulator. Outside of a web-view nothing answers, as in a browser that isn't WeChat.
 */
(() => {
  /** @typedef {{ success?: (given: object) => void, fail?: (given: object) => void, complete?: (given: object) => void,
   *   [name: string]: unknown }} Options */
  /** @type {Map<number, (answer: { errMsg: string }) => void>} */
  const waiting = new Map();
  /** @type {(() => void)[]} */
  const ready = [];
  /** @type {((given: { errMsg: string }) => void) | null} */
  let onError = null;
  /** @type {{ errMsg: string } | null} */
  let configured = null;
  let asked = 0;

  window.addEventListener("message", (message) => {
    const answer = message.data?.emulatorAnswer;
    if (message.source !== window.parent || answer === undefined) return;
    waiting.get(answer.id)?.(answer.given);
    waiting.delete(answer.id);
  });

  /**
   * @param {string} name
   * @param {object} given
   * @param {(answer: { errMsg: string }) => void} done
   */
  function ask(name, given, done) {
    if (window.parent === window) return;
    asked += 1;
    waiting.set(asked, done);
    // Functions can't be sent, and mean nothing elsewhere.
    const parts = JSON.parse(JSON.stringify(given));
    window.parent.postMessage({ emulatorAsks: { id: asked, name, given: parts } }, "*");
  }

  /** @param {string} name */
  function api(name) {
    return (/** @type {Options} */ options = {}) =>
      ask(name, options, (answer) => {
        (answer.errMsg === `${name}:ok` ? options.success : options.fail)?.(answer);
        options.complete?.(answer);
      });
  }

  const names = [
    "checkJsApi",
    "getLocation",
    "scanQRCode",
    "updateAppMessageShareData",
    "updateTimelineShareData",
    "closeWindow",
  ];
  const wx = {
    config(/** @type {object} */ given) {
      const url = location.href.split("#")[0];
      ask("config", { ...given, url }, (answer) => {
        configured = answer;
        if (answer.errMsg === "config:ok") for (const call of ready.splice(0)) call();
        else onError?.(answer);
      });
    },
    ready(/** @type {() => void} */ call) {
      if (configured?.errMsg === "config:ok") call();
      else ready.push(call);
    },
    error(/** @type {(given: { errMsg: string }) => void} */ call) {
      onError = call;
      if (configured !== null && configured.errMsg !== "config:ok") call(configured);
    },
    ...Object.fromEntries(names.map((name) => [name, api(name)])),
    miniProgram: {
      getEnv: (/** @type {(given: object) => void} */ call) => ask("miniProgram.getEnv", {}, call),
      navigateBack: api("miniProgram.navigateBack"),
      postMessage: api("miniProgram.postMessage"),
    },
  };
  Object.assign(window, { wx, jWeixin: wx });
})();
