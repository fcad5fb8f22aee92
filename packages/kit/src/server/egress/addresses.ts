import { BlockList, isIPv4, isIPv6 } from "node:net";

/**
 * Addresses that nobody on the internet has: IANA's special-purpose registries for IPv4 and IPv6 (RFC 6890 and its
 * updates), as of 2026. What clouds tell about their machines is among them, but for one.
 */
const specialV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  // Azure's host agent: a public address that answers on its machines only.
  "168.63.129.16/32",
];
/** All that is public in IPv6 is among these, and everything else isn't: mapped IPv4, NAT64, local, multicast … */
const globalV6 = "2000::/3";
/** … but for these: protocols with IPv4 inside (Teredo, 6to4), documentation. */
const specialV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/** @param networks addresses, or networks in CIDR notation */
export function networkList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    list.addSubnet(address, bits === undefined ? (family === "ipv4" ? 32 : 128) : Number(bits), family);
  }
  return list;
}

const notPublicV4 = networkList(specialV4);
const global = networkList([globalV6]);
const notPublicV6 = networkList(specialV6);

/** Whether an address, as text, is one of the public internet; false for what is no address. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !notPublicV4.check(address, "ipv4");
  return (
    isIPv6(address) && !address.includes("%") && global.check(address, "ipv6") && !notPublicV6.check(address, "ipv6")
  );
}
