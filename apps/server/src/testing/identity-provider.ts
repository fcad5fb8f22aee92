import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

export const clientId = "zhanggui";
export const clientSecret = "only-for-these-tests-of-a-provider";

/** What the provider says of whoever signs in there next, and how it says it. */
export interface Said {
  readonly claims: JWTPayload & { readonly sub: string };
  /** Claims that aren't in the token but at the userinfo endpoint. */
  readonly userinfo?: Readonly<Record<string, unknown>>;
  /** Signs with a key that nobody published, or not at all. */
  readonly signs?: "strange" | "none";
  /** Instead of a token. */
  readonly fails?: { readonly status: number; readonly body: string };
}

/**
 * An OpenID Connect provider that says whatever a test wants, also what no honest one says. What a client has to check
 * is left to it.
 */
export class SayingProvider {
  said: Said = { claims: { sub: "nobody" } };
  /** The token requests that came, as they came. */
  readonly asked: URLSearchParams[] = [];
  readonly issuer: string;
  readonly #server: Server;
  readonly #keys: Awaited<ReturnType<typeof generateKeyPair>>;
  readonly #strange: Awaited<ReturnType<typeof generateKeyPair>>;
  /** How often somebody asked what it is, and whether it answers that now. */
  discoveries = 0;
  isAway = false;
  /** Overrides what it says of itself. */
  metadata: Readonly<Record<string, unknown>> = {};

  private constructor(server: Server, keys: readonly Awaited<ReturnType<typeof generateKeyPair>>[]) {
    this.#server = server;
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    [this.#keys, this.#strange] = [keys[0]!, keys[1]!];
    server.on("request", (request, response) => {
      void (async () => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of request) chunks.push(chunk as Uint8Array);
        const url = new URL(request.url ?? "/", this.issuer);
        if (url.pathname === "/authorize") {
          response.writeHead(302, { location: this.#wayBack(url.searchParams) }).end();
          return;
        }
        const { status, body } = await this.#answer(url, Buffer.concat(chunks));
        response.writeHead(status, { "content-type": "application/json" }).end(body);
      })();
    });
  }

  static async open(): Promise<SayingProvider> {
    const server = createServer().unref();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return new SayingProvider(server, await Promise.all([generateKeyPair("RS256"), generateKeyPair("RS256")]));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Sends somebody there and back. */
  async bringBack(signIn: string, way: string): Promise<Response> {
    const left = await fetch(`${signIn}/${way}`, { redirect: "manual" });
    const { search } = new URL(this.#wayBack(new URL(left.headers.get("location") ?? "").searchParams));
    const cookie = left.headers.getSetCookie().map((line) => line.split(";")[0]);
    return fetch(`${signIn}/callback${search}`, { redirect: "manual", headers: { cookie: cookie.join("; ") } });
  }

  /** Nobody is asked for a password here. */
  #wayBack(asked: URLSearchParams): string {
    const [to, state, code] = ["redirect_uri", "state", "nonce"].map((name) => asked.get(name) ?? "");
    const query = new URLSearchParams({ state: state ?? "", code: code ?? "", iss: this.issuer });
    return `${to}?${query}`;
  }

  async #answer({ pathname }: URL, body: Buffer): Promise<{ status: number; body: string }> {
    const { issuer } = this;
    const json = (value: unknown) => ({ status: 200, body: JSON.stringify(value) });
    if (pathname === "/.well-known/openid-configuration") {
      this.discoveries += 1;
      if (this.isAway) return { status: 503, body: "{}" };
      const at = (path: string) => `${issuer}${path}`;
      return json({
        issuer,
        authorization_endpoint: at("/authorize"),
        token_endpoint: at("/token"),
        userinfo_endpoint: at("/me"),
        jwks_uri: at("/keys"),
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
        code_challenge_methods_supported: ["S256"],
        ...this.metadata,
      });
    }
    if (pathname === "/keys")
      return json({ keys: [{ ...(await exportJWK(this.#keys.publicKey)), alg: "RS256", use: "sig" }] });
    if (pathname === "/me") return json({ sub: this.said.claims.sub, ...this.said.userinfo });
    this.asked.push(new URLSearchParams(body.toString()));
    if (this.said.fails !== undefined) return this.said.fails;
    return json({
      access_token: "theirs",
      token_type: "Bearer",
      expires_in: 60,
      id_token: await this.#token(this.asked.at(-1)),
    });
  }

  /** Whoever comes back brings the nonce that they left with as their code. */
  async #token(asked: URLSearchParams | undefined): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const standard = { iss: this.issuer, aud: clientId, iat: now, exp: now + 60, nonce: asked?.get("code") };
    const payload = { ...standard, ...this.said.claims };
    if (this.said.signs === "none") {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
      return `${part({ alg: "none" })}.${part(payload)}.`;
    }
    const { privateKey } = this.said.signs === "strange" ? this.#strange : this.#keys;
    return new SignJWT(payload).setProtectedHeader({ alg: "RS256" }).sign(privateKey);
  }
}
