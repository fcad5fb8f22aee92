import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { sessionExpired, unauthenticated } from "@zhanggui/kit/contract/faults";
import { keyIdOf } from "@zhanggui/kit/server/secrets";
import { errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";

/** D-26, D-43: an access token lives for one hour. */
export const accessTokenSeconds = 3600;
/** A renewal whose answer was lost may be repeated for so long. */
export const repeatSeconds = 60;

/** How long a device is known; each sign-in makes it known anew. */
const deviceTokenDays = 180;
const daySeconds = 86_400;

const issuer = "zhanggui";

/** Whose sessions: a token of one kind is never taken for one of another. */
export interface SessionKind {
  /** Whom its access tokens are for (RFC 7519, `aud`). */
  readonly audience: string;
  /** What its page tokens begin with. */
  readonly page: string;
}
/** Of accounts of the console. */
export const accountSessions: SessionKind = { audience: issuer, page: "page" };

/** What tells a device's token from an access token: one is never taken for the other. */
const deviceAudience = "zhanggui-device";
const Claims = z.object({ sub: z.string(), tid: z.string(), sid: z.string() });
export interface TokenSubject {
  /** Whose session it is: an account, a customer. */
  readonly holderId: string;
  readonly tenantId: string;
  readonly sessionId: string;
}

/**
 * Signs with the first of `secrets`, and says so in the header (RFC 7515, `kid`).
 *
 * @param secrets the newest first
 */
export async function signAccessToken(
  subject: TokenSubject,
  now: Date,
  secrets: readonly string[],
  { audience } = accountSessions,
) {
  const [secret = ""] = secrets;
  const issuedAt = Math.floor(now.getTime() / 1000);
  const token = await new SignJWT({ tid: subject.tenantId, sid: subject.sessionId })
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: keyIdOf(secret) })
    .setSubject(subject.holderId)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + accessTokenSeconds)
    .sign(new TextEncoder().encode(secret));
  return { token, expiresAt: new Date((issuedAt + accessTokenSeconds) * 1000) };
}

/** Whether it has the form of one (RFC 7515, compact): three parts. */
export function isAccessToken(token: string): boolean {
  return token.split(".").length === 3;
}

/**
 * Takes a token of any of `secrets`. One whose key isn't there any more has expired, with its key: the refresh token
 * tells whether the session goes on.
 *
 * @throws Fault `kit.session_expired` when its hour is over or its key gone, `kit.unauthenticated` for anything else
 *   that isn't right
 */
export async function readAccessToken(
  token: string,
  now: Date,
  secrets: readonly string[],
  { audience } = accountSessions,
): Promise<TokenSubject> {
  try {
    const { payload } = await jwtVerify(token, ({ kid }) => secretOf(kid, secrets), {
      algorithms: ["HS256"],
      issuer,
      audience,
      currentDate: now,
      requiredClaims: ["exp", "sub"],
    });
    const { sub, tid, sid } = Claims.parse(payload);
    return { holderId: sub, tenantId: tid, sessionId: sid };
  } catch (cause) {
    if (cause instanceof errors.JWTExpired || cause instanceof UnknownKey) throw sessionExpired({}, { cause });
    throw unauthenticated({}, { cause });
  }
}

/** It is named, and isn't one of ours now. */
class UnknownKey extends Error {}

function secretOf(keyId: string | undefined, secrets: readonly string[]): Uint8Array {
  if (keyId === undefined) throw new errors.JWSInvalid("no key id");
  const secret = secrets.find((each) => keyIdOf(each) === keyId);
  if (secret === undefined) throw new UnknownKey(`no key ${keyId}`);
  return new TextEncoder().encode(secret);
}

/**
 * What a page sends of a session that a cookie keeps. It is the same for the whole session, so that tabs go on when
 * another one renews it; and it names the session: after another sign-in, what an old tab sends fits no more.
 */
export function pageTokenOf(sessionId: string, secret: string, { page } = accountSessions): string {
  return `${page}_${createHmac("sha256", secret).update(`${page} of `).update(sessionId).digest("base64url")}`;
}

export function isPageToken(token: string, { page } = accountSessions): boolean {
  return token.startsWith(`${page}_`);
}

/** Whether it is the session's, by any of `secrets`. */
export function isPageTokenOf(
  sessionId: string,
  token: string,
  secrets: readonly string[],
  kind = accountSessions,
): boolean {
  const given = Buffer.from(token);
  return secrets.some((secret) => {
    const wanted = Buffer.from(pageTokenOf(sessionId, secret, kind));
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}

/** A device that an account has signed in from. */
export interface Device {
  readonly accountId: string;
  readonly deviceId: string;
}

/** Of one account: a token for an account of one's own is worth nothing for another's. */
export function signDeviceToken(accountId: string, now: Date, [secret = ""]: readonly string[]): Promise<string> {
  const issuedAt = Math.floor(now.getTime() / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: keyIdOf(secret) })
    .setSubject(accountId)
    .setJti(randomBytes(12).toString("base64url"))
    .setIssuer(issuer)
    .setAudience(deviceAudience)
    .setExpirationTime(issuedAt + deviceTokenDays * daySeconds)
    .sign(new TextEncoder().encode(secret));
}

/** Undefined for one that doesn't hold: then the device is a stranger's. */
export async function readDeviceToken(
  token: string,
  now: Date,
  secrets: readonly string[],
): Promise<Device | undefined> {
  try {
    const { payload } = await jwtVerify(token, ({ kid }) => secretOf(kid, secrets), {
      algorithms: ["HS256"],
      issuer,
      audience: deviceAudience,
      currentDate: now,
      requiredClaims: ["exp", "sub", "jti"],
    });
    return { accountId: z.uuid().parse(payload.sub), deviceId: z.string().parse(payload.jti) };
  } catch {
    return undefined;
  }
}

/** `<tenant>.<row>.<256 random bits>`: the ids find the row (a session, an invitation), the bits open it. */
export function newToken(tenantId: string, id: string): string {
  return `${tenantId}.${id}.${randomBytes(32).toString("base64url")}`;
}

/**
 * What follows a refresh token. It is the same each time, so that a renewal may be repeated, and only this server can
 * tell it: a token that was stolen once it was used leads nowhere.
 */
export function successorOf(token: string, secret: string): string {
  const bits = createHmac("sha256", secret).update("refresh token after ").update(token).digest("base64url");
  const [tenantId = "", sessionId = ""] = token.split(".");
  return `${tenantId}.${sessionId}.${bits}`;
}

const OpaqueToken = z.tuple([z.uuid(), z.uuid(), z.string().min(40)]);

/** What a token is of; undefined for what can't be one. */
export function readToken(token: string): { tenantId: string; id: string } | undefined {
  const parsed = OpaqueToken.safeParse(token.split("."));
  return parsed.success ? { tenantId: parsed.data[0], id: parsed.data[1] } : undefined;
}

export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
