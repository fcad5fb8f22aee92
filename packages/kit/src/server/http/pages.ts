import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";
import { notFound } from "../../contract/faults.ts";
import { sendProblem } from "./send-problem.ts";

/**
 * The console's files; any address that a browser asks for and that isn't one of them is a page of the console. A file
 * that lies there compressed, too (`<file>.br`, `<file>.gz`), is sent so to whoever takes it.
 *
 * @param assetsUrl where the page gets its scripts and styles instead; they are served here all the same, for pages
 *   that were opened before
 */
export async function pages(fastify: FastifyInstance, folder: string, assetsUrl?: string): Promise<void> {
  const elsewhere = assetsUrl === undefined ? undefined : await pageWith(folder, assetsUrl);
  await fastify.register(fastifyStatic, {
    root: folder,
    prefix: "/",
    wildcard: false,
    preCompressed: true,
    // Nobody fetches a script in parts; whoever asks for one is given the whole, as HTTP allows.
    acceptRanges: false,
    globIgnore: ["**/*.br", "**/*.gz", ...(elsewhere === undefined ? [] : ["index.html"])],
    setHeaders: (reply, path) => {
      // The page that names them, and a picture without a hash in its name, are asked for anew.
      if (!path.includes("/assets/")) return void reply.header("cache-control", "no-cache");
      void reply.header("cache-control", "public, max-age=31536000, immutable");
      // The policy of what a page may do is the page's: with each of its files it would only be weight.
      void reply.removeHeader("content-security-policy");
      void reply.removeHeader("cross-origin-opener-policy");
    },
  });
  const sendPage = (reply: FastifyReply): FastifyReply => {
    reply.header("cache-control", "no-cache");
    return elsewhere === undefined
      ? reply.sendFile("index.html")
      : reply.type("text/html; charset=utf-8").send(elsewhere);
  };
  if (elsewhere !== undefined) {
    for (const path of ["/", "/index.html"]) fastify.get(path, async (_request, reply) => sendPage(reply));
  }
  fastify.setNotFoundHandler((request, reply) => {
    const reads = request.method === "GET" || request.method === "HEAD";
    const page = reads && !request.url.startsWith("/api") && /text\/html/.test(request.headers.accept ?? "");
    return page ? sendPage(reply) : sendProblem(notFound(), request, reply);
  });
}

/** The page with its files from elsewhere; what those load in turn they look for beside themselves. */
async function pageWith(folder: string, assetsUrl: string): Promise<string> {
  const page = await readFile(join(folder, "index.html"), "utf8");
  return page.replaceAll('="/assets/', `="${assetsUrl}/assets/`);
}
