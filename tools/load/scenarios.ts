import { randomBytes } from "node:crypto";
import { type Client, createClient } from "@zhanggui/kit/contract/client";
import { contracts } from "@zhanggui/server/contracts";
import { Problem } from "../zg/problem.ts";
import type { LoadOptions } from "./options.ts";
import { openPushes } from "./pushes.ts";
import type { ScenarioName } from "./scenario-names.ts";

type Api = Client<typeof contracts>;
/** What is done again and again, and what is to be done once it is over. */
export interface Scenario {
  once(signal: AbortSignal): Promise<void>;
  end?(): Promise<void>;
}

/** Makes ready what a scenario needs, through the public API alone. @throws Problem, ApiProblem */
export const scenarios: Readonly<Record<ScenarioName, (options: LoadOptions) => Promise<Scenario>>> = {
  "sign-in": async ({ url, login, password }) => {
    demandLogin(login, password);
    const api = clientOf(url);
    return { once: async (signal) => void (await api.access.login({ login, password }, { signal })) };
  },
  lists: async (options) => {
    const api = await signedIn(options);
    const calls = [
      (signal: AbortSignal) => api.audience.listPeople({}, { signal }),
      (signal: AbortSignal) => api.messaging.listDeliveries({}, { signal }),
      (signal: AbortSignal) => api.connect.listInbound({}, { signal }),
      (signal: AbortSignal) => api.events.list({}, { signal }),
    ];
    let turn = 0;
    return { once: async (signal) => void (await calls[turn++ % calls.length]?.(signal)) };
  },
  pushes: openPushes,
  links: async (options) => {
    const api = await signedIn(options);
    const name = randomBytes(6).toString("hex");
    const link = await api.links.create({ url: `https://lantern-tea.example/load-${name}` });
    const address = new URL(new URL(link.shortUrl).pathname, options.url);
    return {
      once: async (signal) => {
        // Where it leads is nobody's to put under load.
        const answer = await fetch(address, { redirect: "manual", signal });
        await answer.body?.cancel();
        if (answer.status < 300 || answer.status > 399) throw new Error(`HTTP ${answer.status}`);
      },
      end: async () => void (await api.links.delete({ linkId: link.id })),
    };
  },
  export: async (options) => {
    const api = await signedIn(options);
    return {
      once: async (signal) => {
        const { id } = await api.exports.create({ list: "audience.listPeople", format: "csv", anew: true }, { signal });
        for (;;) {
          const { state } = await api.exports.get({ exportId: id }, { signal });
          if (state === "failed") throw new Error("the export failed");
          if (state === "done") break;
          await new Promise((done) => setTimeout(done, 100));
          signal.throwIfAborted();
        }
        await api.exports.delete({ exportId: id }, { signal });
      },
    };
  },
};

async function signedIn({ url, login, password }: LoadOptions): Promise<Api> {
  demandLogin(login, password);
  const { accessToken } = await clientOf(url).access.login({ login, password });
  return clientOf(url, { authorization: `Bearer ${accessToken}` });
}

/** It stays where it was sent: a redirect is a failure, as whoever stands behind it hasn't asked for any load. */
function clientOf(url: URL, headers: Readonly<Record<string, string>> = {}): Api {
  const stay: typeof fetch = (input, init) => fetch(input, { ...init, redirect: "error" });
  return createClient(contracts, { baseUrl: baseOf(url), fetch: stay, headers: () => headers });
}

function demandLogin(login: string, password: string): void {
  if (login === "" || password === "")
    throw new Problem("This scenario signs in: --login <login>, and LOAD_PASSWORD in the environment.");
}

function baseOf(url: URL): string {
  return url.href.replace(/\/$/, "");
}
