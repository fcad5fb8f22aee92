import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { readAliyun } from "./aliyun.ts";
import { answer, type Call } from "./call.ts";
import { emayPaths, readEmay } from "./emay.ts";
import { type CarrierAccount, CarrierFault, NewCarrierAccount } from "./model.ts";
import type { State } from "../world/state.ts";
import { readTencent } from "./tencent.ts";
import { carrierRules } from "./rules.ts";

/**
 * The carriers: Tencent's and Aliyun's at `/`, told apart by their headers, as at hosts of their own; emay's at
 * `/inter/…`. `/sms/<carrier>` does the same for clients that may have a path.
 */
export function serveCarriers(app: FastifyInstance, state: State): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  const tencent = (call: Call) => readTencent(state.carriers, call);
  const aliyun = (call: Call) => readAliyun(state.carriers, call);
  const emay = (call: Call) => readEmay(state.carriers, call);
  const atRoot = (request: FastifyRequest, reply: FastifyReply) =>
    request.headers["x-tc-action"] === undefined
      ? answer(state.carriers, "aliyun", aliyun, request, reply)
      : answer(state.carriers, "tencent", tencent, request, reply);
  app.post("/", atRoot);
  for (const path of ["/sms/tencent", "/sms/tencent/"])
    app.post(path, (request, reply) => answer(state.carriers, "tencent", tencent, request, reply));
  for (const path of ["/sms/aliyun", "/sms/aliyun/"])
    app.route({
      method: ["GET", "POST"],
      url: path,
      handler: (request, reply) => answer(state.carriers, "aliyun", aliyun, request, reply),
    });
  for (const path of emayPaths)
    app.post(path, (request, reply) => answer(state.carriers, "emay", emay, request, reply));
}

/** The same as orders of the control API. */
export function serveCarrierControl(app: FastifyInstance, state: State): void {
  const Id = z.object({ id: z.string() });
  app.get("/emulator/carriers", () => ({
    accounts: [...state.carriers.accounts.values()],
    faults: state.carriers.faults(),
    rules: carrierRules,
  }));
  app.post("/emulator/carriers", ({ body }): CarrierAccount =>
    state.carriers.open(NewCarrierAccount.parse(body ?? {})),
  );
  app.delete("/emulator/carriers/:id", ({ params }) => {
    state.carriers.close(Id.parse(params).id);
    return {};
  });
  app.post("/emulator/carriers/faults", ({ body }) => {
    state.carriers.addFault(CarrierFault.parse(body ?? {}));
    return { faults: state.carriers.faults() };
  });
  app.delete("/emulator/carriers/faults", () => {
    state.carriers.clearFaults();
    return {};
  });
  app.get("/emulator/carriers/texts", () => ({ texts: state.carriers.texts, replies: state.carriers.replies }));
  app.post("/emulator/carriers/texts/:id/report", ({ params, body }) => {
    const { code, phone } = z.object({ code: z.string().min(1).max(60), phone: z.string().optional() }).parse(body);
    state.carriers.report(state.carriers.text(Id.parse(params).id, phone), code);
    return {};
  });
  app.post("/emulator/carriers/replies", ({ body }) =>
    state.carriers.answer(
      z.object({ accountId: z.string(), phone: z.string(), text: z.string().min(1).max(500) }).parse(body),
    ),
  );
  app.post("/emulator/carriers/receipts", async () => {
    await state.carriers.push();
    return {};
  });
}
