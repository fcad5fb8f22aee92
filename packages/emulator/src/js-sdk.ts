import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { refuseForeignHosts } from "./own-hosts.ts";

const script = fileURLToPath(new URL("phone/jweixin.js", import.meta.url));
const hosts = ["res.wx.qq.com", "res2.wx.qq.com"];

/** The script that pages load: ours in the place of WeChat's, under its names; it talks to the web-view's page. */
export function serveJsSdk(app: FastifyInstance, allowedHosts: readonly string[] = []): void {
  app.addHook("onRequest", refuseForeignHosts([...allowedHosts, ...hosts]));
  for (const path of ["/open/js/jweixin-1.6.0.js", "/open/js/jweixin-1.4.0.js", "/jweixin-1.6.0.js"]) {
    app.get(path, async (_request, reply) =>
      reply
        .header("cache-control", "no-cache")
        .type("text/javascript; charset=utf-8")
        .send(await readFile(script)),
    );
  }
}
