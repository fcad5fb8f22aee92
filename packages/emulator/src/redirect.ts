import { Socket } from "node:net";
import { isWechatHost } from "./tls/wechat-hosts.ts";

/*
 * For `node --import`: connections to WeChat's hosts go to the emulator at EMULATOR_TLS_URL instead, as if a hosts file
 * said so. The program itself isn't touched; it must trust the emulator's authority (NODE_EXTRA_CA_CERTS).
 */
const target = process.env["EMULATOR_TLS_URL"];
if (target === undefined || !URL.canParse(target)) {
  throw new Error("Set EMULATOR_TLS_URL to the emulator's address for TLS, https://127.0.0.1:8443.");
}
const { hostname, port } = new URL(target);

interface Place {
  host?: unknown;
  port?: unknown;
}

// eslint-disable-next-line typescript/unbound-method -- called with its own socket below
const connect = Socket.prototype.connect as (this: Socket, ...given: unknown[]) => Socket;
Socket.prototype.connect = function redirected(this: Socket, ...given: unknown[]): Socket {
  // Node hands its own calls on as one list: options, callback.
  const [first] = given;
  const place = (Array.isArray(first) ? (first as unknown[])[0] : first) as Place | undefined;
  if (typeof place === "object" && place !== null && typeof place.host === "string" && isWechatHost(place.host)) {
    place.host = hostname;
    place.port = Number(port);
  }
  return connect.apply(this, given);
};
