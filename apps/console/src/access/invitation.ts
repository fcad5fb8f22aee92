/** Somebody who can choose their password by a link. */
export interface Invited {
  readonly displayName: string;
  readonly login: string;
  readonly token: string;
  readonly expiresAt: string;
}

/** What stands behind `#` stays in the browser: no server, and no log of one, sees the token. */
export function invitationLink(origin: string, token: string): string {
  return `${origin}/invitation#${token}`;
}

/** The token of an address; undefined if it can't be one. */
export function tokenIn(hash: string): string | undefined {
  const token = hash.replace(/^#/, "");
  return token.split(".").length === 3 ? token : undefined;
}
