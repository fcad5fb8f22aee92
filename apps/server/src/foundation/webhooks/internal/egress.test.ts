import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { isPublicAddress } from "@zhanggui/kit/server/egress/addresses";
import { Egress, Refused, type Resolve } from "@zhanggui/kit/server/egress/egress";
import { post } from "./post.ts";

const anyPort = [{ from: 1, to: 65_535 }];
const internet = new Egress({ networks: [], ports: anyPort });
const never = new AbortController().signal;
const now = new Date("2026-11-30T08:00:00Z");

const opened: Server[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Listens on one address of this machine only, and notes who comes. */
async function receiver(host: string, answer: { status: number; location?: string }, port = 0) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.url ?? "");
    response.writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location });
    response.end("the secret of the house");
  });
  opened.push(server);
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return { seen, port: (server.address() as { port: number }).port };
}
const sent = (url: string, egress: Egress) =>
  post({ url: new URL(url), headers: {}, body: "{}" }, { egress, signal: never, now, timeoutMs: 5000 });

test.each([
  ["loopback", "127.0.0.1"],
  ["another loopback", "127.8.9.1"],
  ["loopback, short", "127.1"],
  ["loopback, decimal", "2130706433"],
  ["loopback, hexadecimal", "0x7f000001"],
  ["loopback, octal", "0177.0.0.01"],
  ["loopback, wide digits", "１２７.0.0.1"],
  ["loopback, by name", "localhost"],
  ["this host", "0.0.0.0"],
  ["this host, short", "0"],
  ["private 10", "10.0.0.1"],
  ["private 172", "172.31.255.254"],
  ["private 192", "192.168.1.1"],
  ["link-local, metadata of clouds", "169.254.169.254"],
  ["link-local, metadata of Tencent Cloud", "169.254.0.23"],
  ["carrier's NAT, metadata of Alibaba Cloud", "100.100.100.200"],
  ["Azure's host agent", "168.63.129.16"],
  ["Oracle's metadata", "192.0.0.192"],
  ["benchmarking", "198.18.0.1"],
  ["documentation", "203.0.113.5"],
  ["6to4 relay", "192.88.99.1"],
  ["multicast", "224.0.0.1"],
  ["reserved", "240.0.0.1"],
  ["broadcast", "255.255.255.255"],
  ["IPv6 loopback", "[::1]"],
  ["IPv6 loopback, long", "[0:0:0:0:0:0:0:1]"],
  ["IPv6 unspecified", "[::]"],
  ["mapped loopback", "[::ffff:127.0.0.1]"],
  ["mapped loopback, hexadecimal", "[::ffff:7f00:1]"],
  ["mapped, even if public", "[::ffff:203.0.114.9]"],
  ["compatible loopback", "[::127.0.0.1]"],
  ["NAT64 of loopback", "[64:ff9b::7f00:1]"],
  ["local NAT64", "[64:ff9b:1::a00:1]"],
  ["6to4 of loopback", "[2002:7f00:1::]"],
  ["Teredo", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]"],
  ["unique local", "[fd00:ec2::254]"],
  ["link-local", "[fe80::1]"],
  ["site-local", "[fec0::1]"],
  ["IPv6 multicast", "[ff02::1]"],
  ["discard only", "[100::1]"],
  ["IPv6 documentation", "[2001:db8::1]"],
  ["IPv6 documentation, the new one", "[3fff::1]"],
  ["segment routing", "[5f00::1]"],
])("%s is not sent to: %s", async (_, host) => {
  expect(await sent(`https://${host}/`, internet)).toMatchObject({ outcome: "forbidden", status: null });
});

test("addresses of the internet are sent to, over TLS", () => {
  for (const address of ["8.8.8.8", "203.0.114.9", "100.63.255.255", "172.32.0.1", "2400:3200::1", "2606:4700::6810:1"])
    expect(isPublicAddress(address), address).toBe(true);
  for (const text of ["", "example.com", "1.2.3", "fe80::1%eth0", "2400:3200::1%0"])
    expect(isPublicAddress(text), text).toBe(false);
  expect(() => internet.assertUrl(new URL("https://203.0.114.9/"))).not.toThrow();
  const said = (url: string, egress = internet): unknown => {
    try {
      egress.assertUrl(new URL(url));
    } catch (error) {
      return error instanceof Refused ? error.reason : error;
    }
    return undefined;
  };
  expect(said("http://203.0.114.9/")).toBe("unencrypted");
  expect(said("ftp://203.0.114.9/")).toBe("scheme");
  expect(said("https://me:secret@203.0.114.9/")).toBe("credentials");
  const strict = new Egress({ networks: [], ports: [{ from: 443, to: 443 }] });
  expect(said("https://203.0.114.9:6379/", strict)).toBe("port");
  expect(said("https://203.0.114.9/", strict)).toBeUndefined();
});

test("a network that whoever runs the server allows is sent to, also without TLS, and nothing beside it", async () => {
  const inside = await receiver("127.0.0.2", { status: 200 });
  const egress = new Egress({ networks: ["127.0.0.2/32"], ports: anyPort });
  expect(await sent(`http://127.0.0.2:${inside.port}/hook`, egress)).toMatchObject({
    outcome: "accepted",
    status: 200,
  });
  expect(await sent(`http://127.0.0.3:${inside.port}/hook`, egress)).toMatchObject({ outcome: "forbidden" });
  expect(inside.seen).toEqual(["/hook"]);
});

test("a name that leads elsewhere the second time is asked once, and connected to where it led", async () => {
  const outside = await receiver("127.0.0.2", { status: 200 });
  const secret = await receiver("127.0.0.1", { status: 200 }, outside.port);
  let asked = 0;
  const rebinding: Resolve = async () => {
    asked += 1;
    return [{ address: asked % 2 === 1 ? "127.0.0.2" : "127.0.0.1", family: 4 }];
  };
  // What is public is played by an address that is allowed: nothing of this goes over the internet.
  const egress = new Egress({ networks: ["127.0.0.2/32"], ports: anyPort, resolve: rebinding });
  const url = `http://rebinding.example:${outside.port}/`;
  for (let round = 0; round < 50; round++) {
    expect(await sent(url, egress)).toMatchObject({ outcome: "accepted" });
    expect(await sent(url, egress)).toMatchObject({ outcome: "forbidden" });
  }
  expect(asked).toBe(100);
  expect(outside.seen).toHaveLength(50);
  expect(secret.seen).toEqual([]);
});

test("one forbidden address among several is enough", async () => {
  const secret = await receiver("127.0.0.1", { status: 200 });
  const resolve: Resolve = async () => [
    { address: "127.0.0.2", family: 4 },
    { address: "127.0.0.1", family: 4 },
  ];
  const egress = new Egress({ networks: ["127.0.0.2/32"], ports: anyPort, resolve });
  expect(await sent(`http://both.example:${secret.port}/`, egress)).toMatchObject({ outcome: "forbidden" });
  expect(secret.seen).toEqual([]);
});

test("of several allowed addresses the one that answers is taken", async () => {
  const there = await receiver("127.0.0.3", { status: 204 });
  const resolve: Resolve = async () => [
    { address: "127.0.0.2", family: 4 },
    { address: "127.0.0.3", family: 4 },
  ];
  const egress = new Egress({ networks: ["127.0.0.0/8"], ports: anyPort, resolve });
  expect(await sent(`http://both.example:${there.port}/`, egress)).toMatchObject({ outcome: "accepted", status: 204 });
});

test.each([301, 302, 303, 307, 308])("a redirect (%i) is an error, and nobody follows it", async (status) => {
  const secret = await receiver("127.0.0.1", { status: 200 });
  const location = `http://127.0.0.1:${secret.port}/secret`;
  const lure = await receiver("127.0.0.2", { status, location });
  const egress = new Egress({ networks: ["127.0.0.2/32"], ports: anyPort });
  expect(await sent(`http://127.0.0.2:${lure.port}/`, egress)).toMatchObject({ outcome: "answered", status });
  expect(secret.seen).toEqual([]);
});
