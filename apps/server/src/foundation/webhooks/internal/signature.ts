import { createHmac, randomBytes } from "node:crypto";

/** Standard Webhooks 1.0.0: 24 to 64 bytes, base64 behind this. */
const prefix = "whsec_";

export function newSecret(): string {
  return prefix + randomBytes(32).toString("base64");
}

/** How a secret ends, so that people can tell which one they have before them. */
export function hintOf(secret: string): string {
  return secret.slice(-5, -1);
}

/**
 * The headers that a message is signed with: one signature of each secret, the newest first, so that a receiver may
 * hold either while it changes over.
 *
 * @param id stays the same however often the message is sent
 */
export function signedHeaders(
  secrets: readonly string[],
  { id, at, body }: { readonly id: string; readonly at: Date; readonly body: string },
): Record<string, string> {
  const seconds = Math.floor(at.getTime() / 1000);
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(prefix.length), "base64");
    return `v1,${createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": String(seconds), "webhook-signature": signatures.join(" ") };
}
