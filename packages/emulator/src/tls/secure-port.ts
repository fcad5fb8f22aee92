import type { Server } from "node:http";
import { createServer, isIP, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Authority } from "./authority.ts";
import { isWechatHost } from "./wechat-hosts.ts";

/** The first byte of a TLS connection: a handshake record. */
const handshake = 0x16;
const maxHeadBytes = 8192;
const waitMs = 10_000;

/**
 * A port that takes TLS, by any name, and CONNECT, as a proxy does, for WeChat's hosts: what comes through either is
 * answered by `server`. Programs whose hosts are hard-coded run unchanged, by `HTTPS_PROXY` or by a hosts file.
 *
 * @returns the port, and how to close it
 */
export async function openSecurePort(
  server: Server,
  authority: Authority,
  { host, port }: { host: string; port: number },
): Promise<{ port: number; close: () => Promise<void> }> {
  const open = new Set<Socket>();
  const listener = createServer((socket) => {
    open.add(socket);
    socket.setTimeout(waitMs, () => socket.destroy());
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.once("data", (first: Buffer) => begin(server, authority, socket, first));
  });
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen({ host, port }, resolve);
  });
  const address = listener.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

function begin(server: Server, authority: Authority, socket: Socket, first: Buffer): void {
  socket.pause();
  if (first[0] === handshake) {
    socket.unshift(first);
    secure(server, authority, socket, "localhost");
    return;
  }
  readHead(socket, first, (head, rest) => {
    const target = /^CONNECT ([^\s:]+|\[[0-9a-f:]+\]):(\d+) HTTP\/1\.[01]\r\n/i.exec(head)?.[1];
    if (target === undefined) return void socket.end("HTTP/1.1 405 Method Not Allowed\r\nAllow: CONNECT\r\n\r\n");
    if (!isWechatHost(target))
      return void socket.end(`HTTP/1.1 403 Forbidden\r\nX-Reason: ${target} is none of WeChat's hosts\r\n\r\n`);
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (rest.length > 0) socket.unshift(rest);
    secure(server, authority, socket, target);
  });
}

/** Reads up to the empty line that ends a request's head. */
function readHead(socket: Socket, first: Buffer, done: (head: string, rest: Buffer) => void): void {
  let read = first;
  const look = (): boolean => {
    const end = read.indexOf("\r\n\r\n");
    if (end >= 0) done(read.subarray(0, end + 4).toString("latin1"), read.subarray(end + 4));
    else if (read.length > maxHeadBytes) socket.destroy();
    else return false;
    return true;
  };
  if (look()) return;
  const more = (chunk: Buffer): void => {
    read = Buffer.concat([read, chunk]);
    socket.pause();
    if (look()) socket.off("data", more);
    else socket.resume();
  };
  socket.on("data", more);
  socket.resume();
}

/** @param name shown where the client names none */
function secure(server: Server, authority: Authority, socket: Socket, name: string): void {
  const answer = async (): Promise<void> => {
    const secured = new TLSSocket(socket, {
      isServer: true,
      secureContext: await authority.contextFor(name),
      ALPNProtocols: ["http/1.1"],
      SNICallback: (wanted, give) => {
        authority
          .contextFor(isIP(wanted) === 0 ? wanted.toLowerCase() : name)
          .then((context) => give(null, context), give);
      },
    });
    secured.on("error", () => socket.destroy());
    secured.once("secure", () => {
      socket.setTimeout(0);
      server.emit("connection", secured);
    });
  };
  answer().catch(() => socket.destroy());
}
