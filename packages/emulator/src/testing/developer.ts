import { createServer, type ServerResponse } from "node:http";

/** One request that the pretended developer's server got. */
export interface ReceivedRequest {
  method: string;
  url: URL;
  body: string;
  contentType: string;
}

export interface DeveloperServer {
  url: string;
  /** The pushes so far (checks of the url aren't counted). */
  pushes: ReceivedRequest[];
  /** What to answer a push; default: `success`. May leave the response open. */
  answer: (request: ReceivedRequest, response: ServerResponse) => void;
  /** Resolves when `count` pushes have come in all. */
  received(count: number): Promise<ReceivedRequest[]>;
  stop(): Promise<void>;
}

/** A developer's server for tests: echoes the check and keeps the pushes. */
export async function startDeveloper(): Promise<DeveloperServer> {
  const waiting: { count: number; resolve: (pushes: ReceivedRequest[]) => void }[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const request: ReceivedRequest = {
        method: incoming.method ?? "",
        url: new URL(incoming.url ?? "/", "http://developer"),
        body: Buffer.concat(chunks).toString("utf8"),
        contentType: incoming.headers["content-type"] ?? "",
      };
      if (request.method === "GET") return void response.end(request.url.searchParams.get("echostr"));
      developer.pushes.push(request);
      developer.answer(request, response);
      for (const wait of waiting) if (developer.pushes.length >= wait.count) wait.resolve(developer.pushes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const developer: DeveloperServer = {
    url: `http://127.0.0.1:${port}/push`,
    pushes: [],
    answer: (_request, response) => void response.end("success"),
    received: (count) =>
      new Promise((resolve) => {
        if (developer.pushes.length >= count) resolve(developer.pushes);
        else waiting.push({ count, resolve });
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return developer;
}
