import { openPush } from "@zhanggui/wechat/push";
import fastify from "fastify";
import pg from "pg";

/*
 * The floor of a server that takes WeChat's pushes: Fastify, the message decrypted and checked, one row inserted, one
 * answer. A process of its own; PORT says where it listens, PUSH_KEYS and DATABASE_URL what `/push` needs.
 */
const app = fastify({ bodyLimit: 1_048_576 });
app.addContentTypeParser(["text/xml", "application/xml"], { parseAs: "buffer" }, (_request, body, done) => {
  done(null, body);
});
app.get("/health", () => ({ status: "ok" }));
const { DATABASE_URL, PUSH_KEYS, PORT } = process.env;
if (DATABASE_URL !== undefined && PUSH_KEYS !== undefined) {
  const keys = JSON.parse(PUSH_KEYS) as Parameters<typeof openPush>[0]["keys"];
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 30 });
  pool.on("error", () => {});
  await pool.query(`CREATE TABLE IF NOT EXISTS floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    openid text NOT NULL, content jsonb NOT NULL, received_at timestamptz NOT NULL)`);
  app.post("/push", async (request, reply) => {
    const body = request.body as Buffer;
    const query = request.query as Parameters<typeof openPush>[0]["query"];
    const { message } = openPush({
      query,
      body,
      contentType: "text/xml",
      keys,
      now: new Date(),
      toleranceSeconds: 300,
    });
    await pool.query("INSERT INTO floor (openid, content, received_at) VALUES ($1, $2, $3)", [
      message.fromUserName,
      JSON.stringify(message.fields),
      new Date(),
    ]);
    return reply.type("text/plain").send("success");
  });
}
await app.listen({ host: "127.0.0.1", port: Number(PORT) });
process.once("SIGTERM", () => void app.close().then(() => process.exit(0)));
