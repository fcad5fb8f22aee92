import type { FastifyInstance } from "fastify";
import type { Happening, State } from "../world/state.ts";

/** GET /emulator/live: server-sent events, one per happening, so that pages follow without asking. */
export function serveLive(app: FastifyInstance, state: State): void {
  app.get("/emulator/live", (request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    reply.raw.write("retry: 1000\n\n");
    const send = (happening: Happening): void => void reply.raw.write(`data: ${JSON.stringify(happening)}\n\n`);
    const end = (): void => void reply.raw.end();
    state.happenings.on("happening", send);
    state.stopping.signal.addEventListener("abort", end, { once: true });
    request.raw.on("close", () => {
      state.happenings.off("happening", send);
      state.stopping.signal.removeEventListener("abort", end);
    });
  });
}
