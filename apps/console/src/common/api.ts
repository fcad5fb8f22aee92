import "./zod-without-eval.ts";
import { type Client, createClient } from "@zhanggui/kit/contract/client";
import { contracts } from "@zhanggui/server/contracts";
import { language } from "./language.ts";
import { SessionKeeper } from "./session.ts";
import { signedIn } from "./signed-in.ts";

export type Api = Client<typeof contracts>;

/** The page's own origin. */
const baseUrl = "";
const headers = (): Record<string, string> => ({
  "accept-language": language.value,
  ...(keeper.accessToken === undefined ? {} : { authorization: `Bearer ${keeper.accessToken}` }),
});

/** For calls that mustn't be tried again after a renewal: a second wrong password counts as one more. */
export const apiOnce: Api = createClient(contracts, { baseUrl, headers });

export const keeper = new SessionKeeper({
  storage: localStorage,
  locks: "locks" in navigator ? navigator.locks : undefined,
  refresh: (refreshToken) => apiOnce.access.refresh({ refreshToken }),
  onChange: (me) => {
    // Another tab may have signed in as somebody else: nothing of the first account may stay on the screen.
    if (me !== null && signedIn.me !== null && me.account.id !== signedIn.me.account.id) location.reload();
    signedIn.me = me;
  },
});
addEventListener("storage", ({ key, newValue }) => keeper.storedElsewhere(key, newValue));

/** The server, as the console calls it: an expired session is renewed and the call tried once more. */
export const api: Api = createClient(contracts, { baseUrl, headers, renew: () => keeper.renew() });
