import { language } from "./words.js";

/** What the server refused, in its words. */
export class Refusal extends Error {
  constructor({ detail, errors = [], code, status, details = {} }) {
    super(errors.map(({ message }) => message).join(" ") || detail);
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

let token;
/** Called when a session that was there is over. */
let onOver = () => {};

export function whenOver(over) {
  onOver = over;
}

export function headersNow() {
  return { "accept-language": language(), ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
}

async function ask(method, path, body, more = {}) {
  const response = await fetch(`/api/customers${path}`, {
    method,
    headers: { ...headersNow(), ...(body === undefined ? {} : { "content-type": "application/json" }), ...more },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Refusal({ status: response.status, ...answer });
  return answer;
}

const solver = "/proof.js";
/** Made once: the page's policy lets nobody make a second one of that name. It leads to this one file. */
const policy = globalThis.trustedTypes?.createPolicy("proof", { createScriptURL: () => solver });

/** Solves what the server sets before it writes to somebody, in a worker of its own. */
function prove(challenge) {
  const worker = new Worker(policy?.createScriptURL(solver) ?? solver);
  return new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }) => {
      if (data.error === undefined) resolve(btoa(JSON.stringify({ challenge, solution: data.solution })));
      else reject(new Error(data.error));
    });
    worker.addEventListener("error", ({ message }) => reject(new Error(message)));
    worker.postMessage({ challenge });
  }).finally(() => worker.terminate());
}

export async function call(method, path, body, onCheck = () => {}) {
  try {
    return await ask(method, path, body);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === "kit.proof_needed") {
      onCheck();
      return ask(method, path, body, { "x-proof-of-work": await prove(error.details.challenge) });
    }
    if (error.code === "kit.session_expired" && token !== undefined && (await renew())) return ask(method, path, body);
    throw error;
  }
}

let renewing;
/** Goes on with the session that the browser's cookie holds. @returns whether there is one */
export function renew() {
  renewing ??= ask("POST", "/sessions/refresh", {})
    .then(
      (session) => {
        begin(session);
        return session;
      },
      (error) => {
        if (!(error instanceof Refusal) || error.status !== 401) throw error;
        const hadOne = token !== undefined;
        token = undefined;
        if (hadOne) onOver();
        return undefined;
      },
    )
    .finally(() => {
      renewing = undefined;
    });
  return renewing;
}

export function begin({ accessToken }) {
  token = accessToken;
}

export function forget() {
  token = undefined;
}

const comeBackMs = 2000;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Follows what concerns whoever is signed in until `signal` is aborted: a line that breaks is taken up again behind the
 * last event that came.
 */
export async function follow(signal, hear, onState) {
  let lastId;
  while (!signal.aborted) {
    try {
      const response = await fetch("/api/customers/me/events", {
        headers: { ...headersNow(), accept: "text/event-stream", ...(lastId && { "last-event-id": lastId }) },
        signal,
      });
      if (response.status === 401) {
        if (!(await renew())) return;
        continue;
      }
      if (response.ok) {
        onState("live");
        for await (const { id, data } of eventsOf(response.body)) {
          lastId = id ?? lastId;
          hear(data);
        }
        // Ended by the server: it restarts, or the session is over, which the next try tells.
      }
    } catch {
      if (signal.aborted) return;
    }
    onState("lost");
    await wait(comeBackMs);
  }
}

async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n").map((line) => /^(\w+): (.*)$/.exec(line)?.slice(1) ?? []);
      const fields = Object.fromEntries(lines.filter(({ length }) => length > 0));
      if (fields.data !== undefined) yield { id: fields.id, data: JSON.parse(fields.data) };
    }
  }
}
