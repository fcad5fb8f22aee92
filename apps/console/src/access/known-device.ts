import type { SignedIn as SignedInShape } from "../common/session.ts";

type SignedIn = Pick<SignedInShape, "deviceToken" | "me">;

const keyOf = (login: string): string => `zhanggui.device.${login.trim().toLowerCase()}`;

/**
 * What tells this browser from a stranger's when somebody signs in again: then wrong guesses of others, be it from the
 * same office, lock nobody out here. It opens nothing by itself.
 */
export function rememberDevice(storage: Pick<Storage, "setItem">, { deviceToken, me }: SignedIn): void {
  storage.setItem(keyOf(me.account.login), deviceToken);
}

/** The token for a login, as a field of the call; none if it hasn't signed in here. */
export function knownDevice(storage: Pick<Storage, "getItem">, login: string): { deviceToken?: string } {
  const deviceToken = storage.getItem(keyOf(login));
  return deviceToken === null ? {} : { deviceToken };
}
