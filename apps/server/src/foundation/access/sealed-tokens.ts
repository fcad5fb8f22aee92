import type { Secrets } from "@zhanggui/kit/server/secrets";

/** The two tokens of a session. */
export interface Kept {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** As a cookie holds them. `sealedFor` names whose cookie: what was sealed for one doesn't open for another. */
export function sealTokens(secrets: Secrets, sealedFor: string, { accessToken, refreshToken }: Kept): string {
  return secrets.seal(`${accessToken} ${refreshToken}`, sealedFor);
}

/** Undefined for none, or for what doesn't open. */
export function openTokens(secrets: Secrets, sealedFor: string, cookie: string | undefined): Kept | undefined {
  if (cookie === undefined) return undefined;
  try {
    const [accessToken = "", refreshToken = ""] = secrets.open(cookie, sealedFor).split(" ");
    return { accessToken, refreshToken };
  } catch {
    return undefined;
  }
}
