import { fromBase32, hotp, stepOf } from "../foundation/access/internal/totp.ts";

/** What an authenticator app with this secret shows at a moment. */
export function codeOf(secret: string, at: Date): string {
  return hotp(fromBase32(secret), stepOf(at));
}
