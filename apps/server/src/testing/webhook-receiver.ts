import { createServer, type IncomingHttpHeaders, type Server } from "node:http";

/** What a receiver does with what it is told. */
export type Mode = "takes" | "hangs" | "redirects" | "fails" | "gone" | "busy";

export interface Message {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The version that the event tells of: tests number their events so. */
  readonly n: number;
}

export interface Receiver {
  /** An address that tests allow; loopback proper isn't. */
  readonly url: string;
  /** Something on loopback that nobody may reach. */
  readonly secretUrl: string;
  /** By path; whatever isn't named takes everything. */
  readonly modes: Map<string, Mode>;
  taken: Message[];
  tried: number;
  secretSeen: number;
  /** The versions that came to a path, in their order. */
  numbers(path: string): number[];
  /** As if nothing had come yet. */
  reset(): void;
  close(): Promise<void>;
}

/** What lets a test's server send to a receiver. */
export const receiverEnv = { EGRESS_NETWORKS: "127.0.0.2", EGRESS_PORTS: "1-65535" };

/** Receives webhooks on this machine, well or badly, and notes what comes. */
export async function openReceiver(): Promise<Receiver> {
  const secret = createServer((_, response) => {
    receiver.secretSeen += 1;
    response.end();
  });
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => void chunks.push(chunk));
    request.on("end", () => {
      receiver.tried += 1;
      const path = request.url ?? "";
      const mode = receiver.modes.get(path) ?? "takes";
      if (mode === "hangs") return;
      if (mode === "redirects") response.writeHead(302, { location: receiver.secretUrl });
      if (mode === "fails") response.writeHead(500).write("out of tea");
      if (mode === "gone") response.writeHead(410);
      if (mode === "busy") response.writeHead(503, { "retry-after": "5400" });
      if (mode === "takes") {
        const body = Buffer.concat(chunks).toString();
        const { data } = JSON.parse(body) as { data?: { version?: number } };
        receiver.taken.push({ path, headers: request.headers, body, n: data?.version ?? -1 });
      }
      response.end();
    });
  });
  const receiver: Receiver = {
    url: await listen(server, "127.0.0.2"),
    secretUrl: await listen(secret, "127.0.0.1"),
    modes: new Map(),
    taken: [],
    tried: 0,
    secretSeen: 0,
    numbers: (path) => receiver.taken.filter((each) => each.path === path).map(({ n }) => n),
    reset: () => {
      receiver.modes.clear();
      Object.assign(receiver, { taken: [], tried: 0, secretSeen: 0 });
    },
    close: async () => {
      for (const each of [server, secret]) {
        each.closeAllConnections();
        await new Promise((resolve) => each.close(resolve));
      }
    },
  };
  return receiver;
}

async function listen(server: Server, host: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return `http://${host}:${(server.address() as { port: number }).port}`;
}
