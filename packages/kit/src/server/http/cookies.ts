import { parseCookie } from "cookie";
import type { FastifyRequest } from "fastify";
import { foreignPage } from "../../contract/faults.ts";
import type { Route } from "../../contract/route.ts";

type Cookies = Readonly<Record<string, string | undefined>>;

const hostPrefix = "__Host-";

/**
 * The name that a browser knows a cookie by. On https it is prefixed (RFC 6265bis §4.1.3): then no page of a
 * neighbouring host, nor one without https, can have set it. `__Secure-` would promise the second alone.
 */
export function sentName(name: string, secure: boolean): string {
  return secure ? hostPrefix + name : name;
}

/** What came, by the names of contracts. On https what isn't prefixed isn't ours. */
export function cookiesOf({ headers }: FastifyRequest, secure: boolean): Cookies {
  const sent = parseCookie(headers.cookie ?? "");
  if (!secure) return sent;
  return Object.fromEntries(
    Object.entries(sent).flatMap(([name, value]) =>
      name.startsWith(hostPrefix) ? [[name.slice(hostPrefix.length), value]] : [],
    ),
  );
}

/** None for what a page of another site asks for, whatever the browser sends along. */
export function ownCookiesOf(request: FastifyRequest, publicUrl: string): Cookies {
  return isForeign(request, publicUrl) ? {} : cookiesOf(request, publicUrl.startsWith("https:"));
}

/**
 * A page of another site mustn't make a browser change what its cookies say, nor act by them.
 *
 * @throws Fault `kit.foreign_page`
 */
export function assertOwnPage(route: Route, request: FastifyRequest, publicUrl: string): void {
  if (route.effect === "read" || (route.cookies ?? route.sets?.cookies) === undefined) return;
  if (isForeign(request, publicUrl)) throw foreignPage();
}

/**
 * Whether a page of another origin asks. Browsers say so (Fetch Metadata, W3C); where they don't, on plain http, they
 * name the origin of whatever isn't a mere GET. What names neither isn't a browser, and sends no cookie by itself.
 */
function isForeign({ headers }: FastifyRequest, publicUrl: string): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  const { origin, host } = headers;
  if (origin === undefined) return false;
  const named = URL.parse(origin);
  return named === null || (named.host !== host && named.origin !== new URL(publicUrl).origin);
}
