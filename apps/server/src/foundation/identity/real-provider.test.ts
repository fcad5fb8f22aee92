import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Provider, { type Context } from "oidc-provider";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { openTestServer, type TestServer } from "../../testing/test-server.ts";

/*
 * Against a provider that others wrote: `oidc-provider` plays the company's sign-in, and a browser of a few lines
 * follows every redirect, with the cookies of both hosts.
 */

const clientId = "zhanggui";
const clientSecret = randomBytes(24).toString("hex");
const people: Readonly<Record<string, object>> = {
  amei: { email: "amei@lantern-tea.example", email_verified: true, name: "阿梅", groups: ["staff"] },
};

let server: TestServer;
let host: Server;
let issuer: string;

beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  host = createServer();
  await new Promise<void>((done) => host.listen(0, "127.0.0.1", done));
  issuer = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [`${server.runtime.env.PUBLIC_URL}/api/sign-in/callback`],
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_ctx: Context, id: string) => ({ accountId: id, claims: async () => ({ sub: id, ...people[id] }) }),
    interactions: { url: (_ctx: Context, interaction: { readonly uid: string }) => `/interaction/${interaction.uid}` },
    ttl: { AccessToken: 60, Grant: 600, IdToken: 60, Interaction: 60, Session: 600 },
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256" }] },
    // Whoever is asked for consent gives it.
    loadExistingGrant: async ({ oidc }: Context) => {
      const { clientId } = oidc.client;
      const grant = new oidc.provider.Grant({ clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope("openid email profile");
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  host.on("request", (request, response) => {
    // Its page for signing in: whoever comes is 阿梅.
    if (request.url?.startsWith("/interaction/"))
      void provider.interactionFinished(request, response, { login: { accountId: "amei" } });
    else void answer(request, response);
  });
});
afterAll(async () => {
  host.close();
  host.closeAllConnections();
  await server.close();
});

/** Follows redirects over both hosts; `PUBLIC_URL` is where the server under test stands. */
class Browser {
  readonly #jars = new Map<string, Map<string, string>>();

  async follow(from: string): Promise<{ readonly path: string; readonly steps: readonly string[] }> {
    const steps: string[] = [];
    let url = new URL(from);
    for (;;) {
      const jar = this.#jars.get(url.host) ?? new Map<string, string>();
      this.#jars.set(url.host, jar);
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
      const response = await fetch(url, { redirect: "manual", headers: { cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        jar.set(name, value);
      }
      steps.push(url.pathname);
      const location = response.headers.get("location");
      if (location === null) throw new Error(`${response.status} at ${url.href}: ${await response.text()}`);
      const next = new URL(location.replace(server.runtime.env.PUBLIC_URL, server.url), url);
      if (next.pathname === "/login") return { path: next.pathname + next.search, steps };
      url = next;
    }
  }

  cookiesOf(url: string): string {
    return [...this.#jars.get(new URL(url).host)!].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

test("somebody signs in at a provider, gets the role of their group, and comes back without being asked again", async () => {
  const owner = await server.asOwner();
  const { items } = await owner.api.access.listRoles();
  const operator = items.find(({ builtIn }) => builtIn === "operator")!.id;
  const { id } = await owner.api.identity.create({
    name: "公司账号",
    issuer,
    clientId,
    clientSecret,
    joins: true,
    groupsClaim: "groups",
    groupRoles: [{ group: "staff", roleId: operator }],
  });
  const way = `${server.url}/api/sign-in/${owner.tenantId}/${id}?to=/people`;
  const browser = new Browser();
  const meOf = async () => {
    const headers = { "content-type": "application/json", cookie: browser.cookiesOf(server.url) };
    const renewed = await fetch(`${server.url}/api/sessions/refresh`, { method: "POST", headers, body: "{}" });
    const Reply = z.object({ me: z.object({ account: z.object({ login: z.string(), displayName: z.string() }) }) });
    return Reply.parse(await renewed.json()).me.account;
  };
  const first = await browser.follow(way);
  expect(first.path).toBe("/login?entered=1&to=%2Fpeople");
  expect(first.steps.some((step) => step.startsWith("/interaction/"))).toBe(true);
  expect(await meOf()).toMatchObject({ login: "amei@lantern-tea.example", displayName: "阿梅" });
  const again = await browser.follow(way);
  expect(again.steps.some((step) => step.startsWith("/interaction/"))).toBe(false);
  const accounts = (await owner.api.access.listAccounts({})).items.filter(({ login }) => login.startsWith("amei"));
  expect(accounts).toMatchObject([{ roles: [{ id: operator }] }]);
});
