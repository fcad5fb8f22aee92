import { createRequire } from "node:module";
import { dirname } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import type { Contract } from "../../contract/route.ts";
import { documentationPolicy } from "./content-policy.ts";
import { openApi } from "./openapi.ts";

/** The API's description at `/api/openapi.json`, and a page to read it by at `/api/docs`. */
export async function documentation(
  fastify: FastifyInstance,
  contracts: Readonly<Record<string, Contract>>,
  about: { version: string; url: string },
): Promise<void> {
  // Made when somebody asks: describing hundreds of routes takes a good part of a start.
  let document: string | undefined;
  fastify.get("/api/openapi.json", async (_request, reply) => {
    document ??= JSON.stringify(openApi(contracts, about));
    return reply.type("application/json").send(document);
  });
  const root = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  await fastify.register(fastifyStatic, { root, prefix: "/api/docs/assets/", decorateReply: false, index: false });
  fastify.get("/api/docs", async (_request, reply) =>
    reply.header("content-security-policy", documentationPolicy).type("text/html").send(docsPage),
  );
  fastify.get("/api/docs/start.js", async (_request, reply) => reply.type("text/javascript").send(docsScript));
}

const docsPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Zhanggui API</title>
<link rel="stylesheet" href="/api/docs/assets/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="/api/docs/assets/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
`;
const docsScript = `SwaggerUIBundle({ url: "/api/openapi.json", dom_id: "#api", deepLinking: true, docExpansion: "none" });\n`;
