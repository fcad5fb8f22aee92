import { createClient } from "@zhanggui/kit/contract/client";
import type { Challenge } from "@zhanggui/kit/contract/proof";
import { signIn } from "@zhanggui/server/foundation/access/sign-in.contract";
import { language } from "./language.ts";
import { notedFetch } from "./reachable.ts";
import { SessionKeeper } from "./session.ts";
import { signedIn } from "./signed-in.ts";

/** The page's own origin, and what every call carries. */
export const callOptions = {
  baseUrl: "",
  fetch: notedFetch,
  prove: async (challenge: Challenge) => (await import("./prove.ts")).prove(challenge),
  headers: (): Record<string, string> => ({
    "accept-language": language.value,
    ...(keeper.token === undefined ? {} : { authorization: `Bearer ${keeper.token}` }),
  }),
};

/** Where the sessions that begin here are kept. */
export const inCookie = { keepIn: "cookie" } as const;

/**
 * Sessions and passwords, for the pages before the sign-in: they load no other contract. Nothing is tried again after a
 * renewal: a second wrong password counts as one more.
 */
export const { access: sessionApi } = createClient({ access: signIn }, callOptions);

export const keeper: SessionKeeper = new SessionKeeper({
  storage: localStorage,
  locks: "locks" in navigator ? navigator.locks : undefined,
  refresh: () => sessionApi.refresh({}),
  onChange: (me) => {
    const isOther = me !== null && signedIn.me !== null && me.account.id !== signedIn.me.account.id;
    signedIn.me = me;
    // Another tab may have signed in as somebody else: nothing of the first account may stay on the screen.
    if (isOther) location.reload();
  },
  onMoved: () => {
    signedIn.hasMoved = signedIn.me !== null;
  },
  onUnkept: (error) => void import("./show-trouble.ts").then(({ showTrouble }) => showTrouble(error)),
});
addEventListener("storage", ({ key, newValue }) => keeper.storedElsewhere(key, newValue));
