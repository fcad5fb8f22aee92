import { fault } from "@zhanggui/kit/contract/fault";
import { z } from "zod";

// What every way of signing in says and sets.

/** Also while the business reads only; of a person it is told to nobody who hasn't shown that the address is theirs. */
export const signInRefused = fault("customers.sign_in_refused", 403, {
  zh: "暂时无法登录，请联系商家。",
  en: "You can't sign in here at the moment. Please ask the business.",
});

/** Holds what a customer's page signed in with, sealed. Another one than accounts have. */
export const customerCookie = "zhanggui-customer";
/** A customer's session that nobody renews for this long is over. */
export const sessionDays = 30;
export const setsSession = {
  cookies: { [customerCookie]: { maxAgeSeconds: sessionDays * 86_400, sameSite: "strict" } },
} as const;
export const sessionCookies = z.object({ [customerCookie]: z.string().max(4000).optional() });
