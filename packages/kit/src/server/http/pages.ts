import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { notFound } from "../../contract/faults.ts";
import { sendProblem } from "./send-problem.ts";

/**
 * The console's files; any address that a browser asks for and that isn't one of them is a page of the console. A file
 * that lies there compressed, too (`<file>.br`, `<file>.gz`), is sent so to whoever takes it.
 */
export async function pages(fastify: FastifyInstance, folder: string): Promise<void> {
  await fastify.register(fastifyStatic, {
    root: folder,
    prefix: "/",
    wildcard: false,
    preCompressed: true,
    // Nobody fetches a script in parts; whoever asks for one is given the whole, as HTTP allows.
    acceptRanges: false,
    globIgnore: ["**/*.br", "**/*.gz"],
    setHeaders: (reply, path) => {
      // The page that names them, and a picture without a hash in its name, are asked for anew.
      if (!path.includes("/assets/")) return void reply.header("cache-control", "no-cache");
      void reply.header("cache-control", "public, max-age=31536000, immutable");
      // The policy of what a page may do is the page's: with each of its files it would only be weight.
      void reply.removeHeader("content-security-policy");
    },
  });
  fastify.setNotFoundHandler((request, reply) => {
    const reads = request.method === "GET" || request.method === "HEAD";
    const page = reads && !request.url.startsWith("/api") && /text\/html/.test(request.headers.accept ?? "");
    if (page) return reply.header("cache-control", "no-cache").sendFile("index.html");
    return sendProblem(notFound(), request, reply);
  });
}
