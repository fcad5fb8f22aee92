import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { refuseForeignHosts } from "./own-hosts.ts";

const folder = fileURLToPath(new URL("phone/", import.meta.url));
const pages: Readonly<Record<string, string>> = {
  "/": "phone.html",
  "/accounts": "accounts.html",
  "/mail": "mail.html",
  "/texts": "texts.html",
  "/journal": "journal.html",
  "/rules": "rules.html",
  "/trials": "trials.html",
  "/web-view": "web-view.html",
};
const policy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'";

/** Serves the pages and what they load from the folder `phone`; scripts and styles come from files only. */
export async function servePages(app: FastifyInstance, allowedHosts: readonly string[] = []): Promise<void> {
  app.addHook("onRequest", refuseForeignHosts(allowedHosts));
  app.addHook("onSend", async (request, reply) => {
    // Anybody's page may be looked at there, in a frame.
    const isWebView = request.url.split("?")[0] === "/web-view";
    reply.header("content-security-policy", isWebView ? `${policy}; frame-src http: https:` : policy);
    reply.header("x-content-type-options", "nosniff");
    reply.header("cache-control", "no-cache");
  });
  await app.register(fastifyStatic, { root: folder, prefix: "/assets/", index: false, allowedPath: isAsset });
  for (const [path, file] of Object.entries(pages)) app.get(path, (_request, reply) => reply.sendFile(file));
}

function isAsset(path: string): boolean {
  return /\.(?:css|js|html|svg)$/.test(path);
}
