import { z } from "zod";
import { callOpenly } from "../client.ts";
import type { ConnectionOptions } from "../client.ts";
import { idempotent, post } from "../call.ts";
import type { AccessToken } from "../tokens.ts";

const StableToken = z
  .object({ access_token: z.string().min(1), expires_in: z.number().int().positive() })
  .transform(({ access_token, expires_in }) => ({ value: access_token, expiresInSeconds: expires_in }));

/**
 * The account's token; a new one when it is due or forced. Twenty are forced a day, half a minute apart; further ones
 * answer the present token.
 */
export const stableToken = post("/cgi-bin/stable_token", {
  page: "doc/service/api/base/api_getstableaccesstoken",
  // One forced twice by a lost answer is still one that is new.
  effect: idempotent(),
  access: "open",
  request: ({ appId, secret, force }: { appId: string; secret: string; force: boolean }) => ({
    body: { grant_type: "client_credential", appid: appId, secret, force_refresh: force },
  }),
  reply: StableToken,
});

export interface StableTokenRequest extends ConnectionOptions {
  readonly appId: string;
  readonly secret: string;
  readonly force: boolean;
  readonly now: () => Date;
}

/**
 * `stableToken` with its expiry, which counts from before the request: it is never later than WeChat's. Asked once:
 * whoever refreshes a token holds a lease that ends.
 */
export async function getStableToken(request: StableTokenRequest): Promise<AccessToken> {
  const askedAt = request.now();
  const token = await callOpenly({ ...request, secrets: [request.secret], once: true }, stableToken, request);
  return { value: token.value, expiresAt: new Date(askedAt.getTime() + token.expiresInSeconds * 1_000) };
}
