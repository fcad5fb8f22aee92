import type { Server } from "node:http";
import { createServer } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** WeChat's host families, and which paths each of them serves. */
export const hostFamilies = {
  /** api.weixin.qq.com */
  api: (path: string) => !isConsent(path) && path !== "/cgi-bin/showqrcode",
  /** mp.weixin.qq.com */
  mp: (path: string) => path === "/cgi-bin/showqrcode",
  /** open.weixin.qq.com: pages of consent, and what they load. */
  open: (path: string) => isConsent(path) || path.startsWith("/assets/"),
  /** file.api.weixin.qq.com */
  file: (path: string) => path.startsWith("/cgi-bin/media/"),
} as const;
export type HostFamily = keyof typeof hostFamilies;
export const hostFamilyNames = Object.keys(hostFamilies) as HostFamily[];

/** A port for each of them; 0: any free one. */
export type HostPorts = Readonly<Partial<Record<HostFamily, number>>>;

function isConsent(path: string): boolean {
  return path.startsWith("/connect/");
}

/** Ports that are a host each: what another host serves isn't there, nor are the pages and the control API. */
export class FamilyPorts {
  readonly #families = new Map<number, HostFamily>();
  readonly #closing: (() => Promise<void>)[] = [];
  readonly opened = new Map<HostFamily, number>();

  /** Lets `refuse` answer what doesn't belong to the port that it came to. */
  guard(app: FastifyInstance, refuse: (request: FastifyRequest, reply: FastifyReply) => unknown): void {
    app.addHook("onRequest", async (request, reply) => {
      const family = this.#families.get(request.raw.socket.localPort ?? 0);
      if (family === undefined) return;
      const path = request.url.split("?")[0] ?? "";
      const isOwn = path.startsWith("/emulator") || path.startsWith("/sms/") || path === "/";
      if (isOwn || !hostFamilies[family](path)) await refuse(request, reply);
    });
  }

  /** @throws the system's error when a port is taken; those that were opened before are for `close` */
  async open(server: Server, host: string, wanted: HostPorts): Promise<void> {
    for (const family of hostFamilyNames) {
      const port = wanted[family];
      if (port === undefined) continue;
      const listener = createServer((socket) => server.emit("connection", socket));
      await new Promise<void>((resolve, reject) => {
        listener.once("error", reject);
        listener.listen({ host, port }, resolve);
      });
      const address = listener.address();
      const opened = typeof address === "object" && address !== null ? address.port : port;
      this.#families.set(opened, family);
      this.opened.set(family, opened);
      this.#closing.push(() => new Promise((done) => listener.close(() => done())));
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#closing.map((close) => close()));
  }
}
