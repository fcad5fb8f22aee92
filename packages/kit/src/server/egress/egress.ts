import { lookup, type LookupAddress } from "node:dns";
import { type BlockList, isIP, isIPv4 } from "node:net";
import { promisify } from "node:util";
import { isPublicAddress, networkList } from "./addresses.ts";

/** Why something isn't sent there. */
export type Reason = "address" | "credentials" | "port" | "scheme" | "unencrypted";

/** The address is one that nobody is sent to. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly reason: Reason;
  constructor(reason: Reason) {
    super(reason);
    this.reason = reason;
  }
}

export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;
const lookUp = promisify(lookup);
const systemResolve: Resolve = (host) => lookUp(host, { all: true });

export interface EgressOptions {
  /** Networks that are allowed besides the public internet. */
  readonly networks: readonly string[];
  readonly ports: readonly { readonly from: number; readonly to: number }[];
  readonly resolve?: Resolve;
}

/**
 * Where addresses that tenants say may lead. They say any, and the server stands inside a network: what it could reach
 * there (itself, its database, what the cloud tells its machines) is not for them.
 */
export class Egress {
  readonly #networks: BlockList;
  readonly #ports: EgressOptions["ports"];
  readonly #resolve: Resolve;

  constructor({ networks, ports, resolve = systemResolve }: EgressOptions) {
    this.#networks = networkList(networks);
    this.#ports = ports;
    this.#resolve = resolve;
  }

  /**
   * What of an address can be told without asking for its name. @throws Refused
   */
  assertUrl(url: URL): void {
    if (url.protocol !== "https:" && url.protocol !== "http:") throw new Refused("scheme");
    if (url.username !== "" || url.password !== "") throw new Refused("credentials");
    const port = portOf(url);
    if (!this.#ports.some(({ from, to }) => port >= from && port <= to)) throw new Refused("port");
    const literal = literalOf(url);
    if (literal !== undefined) this.#assertAddress(url, literal);
  }

  /**
   * The addresses to connect to, each of which is allowed. Whoever calls this connects to one of these and asks for no
   * name again: a second answer may be another one.
   *
   * @throws Refused; the error of the look-up
   */
  async addressesOf(url: URL): Promise<readonly LookupAddress[]> {
    this.assertUrl(url);
    const literal = literalOf(url);
    const found = literal === undefined ? await this.#resolve(url.hostname) : [literal].map(addressOf);
    if (found.length === 0) throw Object.assign(new Error("the name has no address"), { code: "ENOTFOUND" });
    for (const { address } of found) this.#assertAddress(url, address);
    return found;
  }

  #assertAddress(url: URL, address: string): void {
    const isListed = isIP(address) !== 0 && this.#networks.check(address, isIPv4(address) ? "ipv4" : "ipv6");
    if (!isListed && !isPublicAddress(address)) throw new Refused("address");
    if (!isListed && url.protocol === "http:") throw new Refused("unencrypted");
  }
}

export function portOf({ protocol, port }: URL): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}

/** The address that stands in the URL itself: there `URL` has made one form of all. */
function literalOf({ hostname }: URL): string | undefined {
  const plain = hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(plain) === 0 ? undefined : plain;
}

function addressOf(address: string): LookupAddress {
  return { address, family: isIPv4(address) ? 4 : 6 };
}
