import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { notFound } from "../../contract/faults.ts";
import { sendProblem } from "./send-problem.ts";

/** The console's files; any address that a browser asks for and that isn't one of them is a page of the console. */
export async function pages(fastify: FastifyInstance, folder: string): Promise<void> {
  await fastify.register(fastifyStatic, {
    root: folder,
    prefix: "/",
    wildcard: false,
    // Built files carry a hash in their name; the page that names them, and a picture without one, are asked for anew.
    setHeaders: (reply, path) => {
      void reply.header(
        "cache-control",
        path.includes("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      );
    },
  });
  fastify.setNotFoundHandler((request, reply) => {
    const page =
      request.method === "GET" && !request.url.startsWith("/api") && /text\/html/.test(request.headers.accept ?? "");
    if (page) return reply.header("cache-control", "no-cache").sendFile("index.html");
    return sendProblem(notFound(), request, reply);
  });
}
