import { Injectable } from "@nestjs/common";
import { Egress, Refused } from "@zhanggui/kit/server/egress/egress";
import { send } from "@zhanggui/kit/server/egress/send";
import { LruMap } from "@zhanggui/kit/server/lru";
import { Runtime } from "@zhanggui/kit/server/runtime";
import * as openid from "openid-client";
import { issuerRefused, issuerWrong } from "./identity.contract.ts";

/** Longer than that nobody waits at a sign-in. */
const timeoutMs = 10_000;
/** Metadata, keys and tokens are a few kB. */
const answerBytes = 256 * 1024;
/** What a provider says of itself, its keys among it, is read anew after that; if it is away then, later. */
const freshMs = 600_000;
/** One that was away isn't asked again at once, however many come. */
const awayMs = 10_000;

export interface ProviderAddress {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
}

interface Known {
  readonly config?: openid.Configuration;
  /** Until then nobody asks. */
  readonly until: number;
  readonly error?: unknown;
}

/** Asks identity providers, at addresses that tenants have said. */
@Injectable()
export class ProviderClient {
  readonly #egress: Egress;
  readonly #known = new LruMap<string, Known>(100);
  readonly #asking = new Map<string, Promise<openid.Configuration>>();

  constructor(private readonly runtime: Runtime) {
    const { PUBLIC_URL, EGRESS_NETWORKS: networks, EGRESS_PORTS: ports } = runtime.env;
    // Tried out on one machine, the provider is there, too.
    this.#egress = isLoopback(new URL(PUBLIC_URL))
      ? new Egress({ networks: [...networks, "127.0.0.0/8", "::1"], ports: [{ from: 1, to: 65_535 }] })
      : new Egress({ networks, ports });
  }

  /**
   * Reads what somebody enters.
   *
   * @throws Fault `identity.issuer_refused` for an address that isn't for tenants, `identity.issuer_wrong`. Neither tells
   *   what was found there: who asks could go through a network so
   */
  async demand(address: ProviderAddress): Promise<void> {
    const errors = [{ field: "issuer" }];
    try {
      await this.#discover(address);
    } catch (cause) {
      if (causeOf(cause, Refused) !== undefined) throw issuerRefused({ errors }, { cause });
      this.runtime.log.warn({ issuer: address.issuer, reason: reasonOf(cause) }, "no identity provider is there");
      throw issuerWrong({ errors }, { cause });
    }
  }

  /**
   * What the provider says of itself, read a while ago at most. Those who come at once ask once; while it is away, what
   * it said last goes on to hold.
   *
   * @throws Error if it never answered
   */
  async configuration(address: ProviderAddress): Promise<openid.Configuration> {
    const key = JSON.stringify([address.issuer, address.clientId, address.clientSecret]);
    const [known, now] = [this.#known.get(key), this.runtime.clock.now().getTime()];
    if (known !== undefined && known.until > now) {
      if (known.config === undefined) throw known.error;
      return known.config;
    }
    const asking =
      this.#asking.get(key) ?? this.#ask(key, address, known?.config).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #ask(
    key: string,
    address: ProviderAddress,
    before: openid.Configuration | undefined,
  ): Promise<openid.Configuration> {
    const until = (ms: number): number => this.runtime.clock.now().getTime() + ms;
    try {
      const config = await this.#discover(address);
      this.#known.set(key, { config, until: until(freshMs) });
      return config;
    } catch (error) {
      this.#known.set(key, { ...(before === undefined ? { error } : { config: before }), until: until(awayMs) });
      if (before === undefined) throw error;
      return before;
    }
  }

  /** OpenID Connect Discovery 1.0. The issuer has to be that address. */
  async #discover({ issuer, clientId, clientSecret }: ProviderAddress): Promise<openid.Configuration> {
    const url = new URL(issuer);
    const auth = clientSecret === undefined ? openid.None() : openid.ClientSecretPost(clientSecret);
    const config = await openid.discovery(url, clientId, undefined, auth, {
      timeout: timeoutMs / 1000,
      [openid.customFetch]: (to, options) => this.#fetch(new URL(to), options),
      execute: [
        // Tokens are taken by their signatures, not because of the line that they came by.
        openid.enableNonRepudiationChecks,
        // oxlint-disable-next-line typescript/no-deprecated -- where that may be, the way out below decides
        ...(url.protocol === "http:" ? [openid.allowInsecureRequests] : []),
      ],
    });
    if (config.serverMetadata().authorization_endpoint === undefined) throw new Error("no authorization_endpoint");
    return config;
  }

  /** Only to where tenants may send us, also for what the provider itself names; reads no more than is honest. */
  async #fetch(url: URL, { method, headers, body, signal }: openid.CustomFetchOptions): Promise<Response> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const response = await send(
      { url, method, headers: { ...headers }, body: textOf(body) },
      { egress: this.#egress, signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) },
    ).catch((cause: unknown) => {
      throw cause instanceof Refused ? cause : new Away(reasonOf(cause), { cause });
    });
    if ((response.statusCode ?? 0) >= 500) {
      response.destroy();
      throw new Away(`it answered ${response.statusCode}`);
    }
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      // Leaving the loop ends the connection.
      if (size > answerBytes) throw new Error(`the answer has more than ${answerBytes} bytes`);
      chunks.push(chunk);
    }
    const status = response.statusCode ?? 0;
    const type = response.headers["content-type"];
    return new Response(status === 204 || status === 304 ? null : Buffer.concat(chunks), {
      status,
      headers: type === undefined ? {} : { "content-type": type },
    });
  }
}

/** What openid-client sends is a form. */
function textOf(body: openid.CustomFetchOptions["body"]): string | undefined {
  return body === null || body === undefined ? undefined : `${body as string | URLSearchParams}`;
}

/** The provider doesn't answer, or says that it can't now: nobody was refused anything. */
class Away extends Error {
  override readonly name = "Away";
}

function causeOf<Kind extends Error>(error: unknown, kind: new (...given: never[]) => Kind): Kind | undefined {
  for (let each = error; each instanceof Error; each = each.cause) if (each instanceof kind) return each;
  return undefined;
}

export const isAway = (error: unknown): boolean => causeOf(error, Away) !== undefined;

/** Why a provider couldn't be read or refused, for the log: a few words that hold no secret. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const { cause } = error;
  const deeper = cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : "";
  return `${error.message}${deeper}`.replaceAll(/\s+/g, " ").slice(0, 300);
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}
