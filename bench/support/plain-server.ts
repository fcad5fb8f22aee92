import fastify from "fastify";

/*
 * The floor of a server: Fastify and two routes that do nothing, as a process of its own. PORT says where it listens.
 */
const app = fastify({ bodyLimit: 1_048_576 });
app.addContentTypeParser(["text/xml", "application/xml"], { parseAs: "string" }, (_request, body, done) => {
  done(null, body);
});
app.get("/health", () => ({ status: "ok" }));
app.post("/push", (_request, reply) => reply.type("text/plain").send("success"));
await app.listen({ host: "127.0.0.1", port: Number(process.env["PORT"]) });
process.once("SIGTERM", () => void app.close().then(() => process.exit(0)));
