import type { FastifyInstance } from "fastify";
import { ZodError, z } from "zod";
import { refuseForeignHosts } from "../own-hosts.ts";
import { serveCarrierControl } from "../sms/serve.ts";
import { describeRules } from "../wechat/describe-rules.ts";
import { drawQrCode } from "../wechat/qrcodes-api.ts";
import * as inputs from "../world/inputs.ts";
import type { Account } from "../world/model.ts";
import { JsConfig, phonePlace } from "../world/web-view.ts";
import type { World } from "../world/world.ts";
import { Trouble, troubleStatuses } from "../world/trouble.ts";
import { serveLive } from "./live.ts";
import { serveSnapshots } from "./snapshots.ts";

const AppidParams = z.object({ appid: z.string() });
const IdParams = z.object({ id: z.string() });

/** The control API: one route per method of `World`, JSON in and out. Errors: `{ error: { code, message } }`. */
export function serveControl(app: FastifyInstance, world: World, allowedHosts: readonly string[] = []): void {
  app.addHook("onRequest", refuseForeignHosts(allowedHosts));
  app.addHook("onRequest", (request, _reply, done) => {
    // The API asks for no password, so a page from elsewhere, open in the same browser, must not reach it.
    const { origin, host } = request.headers;
    const isOwn = origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
    done(isOwn ? undefined : new Trouble("other_origin", `Pages of ${origin} may not control the emulator.`));
  });
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof Trouble) {
      return reply.status(troubleStatuses[error.code]).send({ error: { code: error.code, message: error.message } });
    }
    if (error instanceof ZodError) {
      return reply.status(400).send({ error: { code: "invalid_request", message: z.prettifyError(error) } });
    }
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    const message = error instanceof Error ? error.message : "unknown";
    return reply
      .status(status)
      .send({ error: { code: status < 500 ? "invalid_request" : "emulator_failed", message } });
  });
  serveWhole(app, world);
  serveAccounts(app, world);
  servePuppets(app, world);
  serveRecords(app, world);
  serveFaults(app, world);
  serveSnapshots(app, world);
  app.post("/emulator/web-view/config", ({ body }) => world.checkJsConfig(JsConfig.parse(body)));
  app.get("/emulator/web-view/place", () => phonePlace);
  serveCarrierControl(app, world.state);
  serveLive(app, world.state);
  app.all("/emulator/*", ({ url }) => {
    throw new Trouble("no_such_route", `There is no ${url}.`);
  });
}

function serveWhole(app: FastifyInstance, world: World): void {
  app.get("/emulator/health", () => ({ status: "ok" }));
  app.get("/emulator/world", ({ query }) => world.page(inputs.WorldWanted.parse(query)));
  app.post("/emulator/reset", () => {
    world.reset();
    return {};
  });
  app.post("/emulator/seed", async ({ body }) => {
    const made = await world.seed(inputs.SeedInput.parse(body ?? {}));
    return { accounts: made.accounts.map(describe), puppets: made.puppets };
  });
  app.post("/emulator/settle", async () => {
    await world.settle();
    return {};
  });
  app.get("/emulator/rules", () => ({ ...describeRules(), changes: world.state.rules.changes() }));
  app.put("/emulator/rules", ({ body }) => ({ changes: world.changeRules(inputs.RuleChanges.parse(body)) }));
  app.get("/emulator/clock", () => world.clock());
  app.put("/emulator/clock", ({ body }) => world.setClock(inputs.ClockInput.parse(body).offsetMs));
}

/** An account as the API shows it; the secret is shown, for it protects nothing. */
function describe(account: Account): Account {
  return account;
}

function serveAccounts(app: FastifyInstance, world: World): void {
  app.get("/emulator/accounts", () => ({ accounts: world.accounts().map(describe) }));
  app.post("/emulator/accounts", ({ body }) => world.createAccount(inputs.NewAccount.parse(body ?? {})));
  app.get("/emulator/accounts/:appid", ({ params }) => describe(world.account(AppidParams.parse(params).appid)));
  app.patch("/emulator/accounts/:appid", ({ params, body }) =>
    world.changeAccount(AppidParams.parse(params).appid, inputs.AccountChanges.parse(body)),
  );
  app.delete("/emulator/accounts/:appid", ({ params }) => {
    world.deleteAccount(AppidParams.parse(params).appid);
    return {};
  });
  app.put("/emulator/accounts/:appid/push", async ({ params, body }) => {
    const { appid } = AppidParams.parse(params);
    const check = await world.configurePush(appid, inputs.NewPushConfig.parse(body));
    return { push: world.account(appid).push, check };
  });
  app.delete("/emulator/accounts/:appid/push", ({ params }) => {
    world.removePush(AppidParams.parse(params).appid);
    return {};
  });
  app.post("/emulator/accounts/:appid/templates", ({ params, body }) =>
    world.addTemplate(AppidParams.parse(params).appid, inputs.NewTemplate.parse(body)),
  );
  app.delete("/emulator/accounts/:appid/templates/:id", ({ params }) => {
    world.removeTemplate(AppidParams.parse(params).appid, IdParams.parse(params).id);
    return {};
  });
  app.post("/emulator/accounts/:appid/past", ({ params, body }) => ({
    bonds: world.remember(AppidParams.parse(params).appid, inputs.PastInput.parse(body)),
  }));
  app.patch("/emulator/accounts/:appid/staff", ({ params, body }) =>
    world.changeStaff(AppidParams.parse(params).appid, inputs.StaffInput.parse(body)),
  );
  app.post("/emulator/accounts/:appid/void-tokens", ({ params, body }) => ({
    voided: world.voidTokens(AppidParams.parse(params).appid, inputs.VoidInput.parse(body ?? {}).kind),
  }));
}

function servePuppets(app: FastifyInstance, world: World): void {
  app.get("/emulator/puppets", ({ query }) => world.puppetsPage(inputs.PuppetsWanted.parse(query)));
  app.post("/emulator/puppets", ({ body }) => world.createPuppet(inputs.NewPuppet.parse(body ?? {})));
  app.patch("/emulator/puppets/:id", ({ params, body }) =>
    world.changePuppet(IdParams.parse(params).id, inputs.PuppetChanges.parse(body)),
  );
  app.get("/emulator/puppets/:id/chat", ({ params, query }) => {
    const bond = world.chat(IdParams.parse(params).id, AppidParams.partial().parse(query).appid);
    return { ...bond, menu: world.menuFor(bond) };
  });
  const actions = {
    follow: (id: string, body: unknown) => world.follow(id, inputs.FollowAction.parse(body)),
    unfollow: (id: string, body: unknown) => world.unfollow(id, inputs.FollowAction.parse(body)),
    scan: (id: string, body: unknown) => world.scan(id, inputs.ScanAction.parse(body)),
    say: (id: string, body: unknown) => world.say(id, inputs.SayAction.parse(body)),
    tap: (id: string, body: unknown) => world.tap(id, inputs.TapAction.parse(body)),
    login: (id: string, body: unknown) => world.login(id, inputs.MiniAction.parse(body)),
    "share-phone": (id: string, body: unknown) => world.sharePhone(id, inputs.MiniAction.parse(body)),
    subscribe: (id: string, body: unknown) => world.subscribe(id, inputs.SubscribeAction.parse(body)),
    "enter-session": (id: string, body: unknown) => world.enterSession(id, inputs.EnterAction.parse(body)),
    "send-image": (id: string, body: unknown) => world.sendImage(id, inputs.SendImageAction.parse(body)),
    "send-location": (id: string, body: unknown) => world.sendLocation(id, inputs.SendLocationAction.parse(body)),
  };
  for (const [name, act] of Object.entries(actions)) {
    app.post(`/emulator/puppets/:id/${name}`, ({ params, body }) => act(IdParams.parse(params).id, body ?? {}));
  }
}

function serveRecords(app: FastifyInstance, world: World): void {
  app.get("/emulator/qrcodes", ({ query }) => ({
    qrCodes: world.qrCodes(AppidParams.partial().parse(query).appid),
  }));
  // The pages show codes without a line in the journal.
  app.get("/emulator/qrcodes/picture", ({ query }, reply) => {
    const code = world.state.qrCodes.get(z.object({ ticket: z.string() }).parse(query).ticket);
    if (code === undefined) throw new Trouble("no_such_code", "No account made this QR code.");
    return reply.header("content-type", "image/jpeg").send(drawQrCode(code));
  });
  app.get("/emulator/pictures/:id", ({ params }, reply) => {
    const picture = world.state.pictures.get(IdParams.parse(params).id);
    if (picture === undefined) throw new Trouble("no_such_picture", "No puppet sent this picture.");
    return reply.header("content-type", picture.contentType).send(picture.bytes);
  });
  // What WeChat would serve from its own picture hosts.
  app.get("/emulator/media/:id", ({ params, query }, reply) => {
    const item = world.state.media.byAddress(IdParams.parse(params).id);
    if (item === undefined) throw new Trouble("no_such_picture", "No account keeps this.");
    const isTakenDown = [...world.state.accounts.values()].some(({ massSends }) =>
      massSends.some(
        ({ status, urls }) => status === "DELETE" && urls.some((url) => url.includes(IdParams.parse(params).id)),
      ),
    );
    if (isTakenDown) throw new Trouble("no_such_picture", "The account has taken this down.");
    if (item.type !== "news") return reply.header("content-type", item.contentType).send(item.bytes);
    const { article } = z.object({ article: z.coerce.number().int().min(0).default(0) }).parse(query);
    const policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:";
    const html = item.articles[article]?.content ?? "";
    return reply.header("content-security-policy", policy).type("text/html; charset=utf-8").send(html);
  });
  app.get("/emulator/mails", () => ({ mails: world.mails() }));
  app.delete("/emulator/mails", () => {
    world.clearMails();
    return {};
  });
  app.get("/emulator/mails/:id/html", ({ params }, reply) => {
    const mail = world.mails().find((one) => one.id === IdParams.parse(params).id);
    if (mail === undefined) throw new Trouble("no_such_mail", "There is no such mail.");
    // A mail's page may bring its own styles, but no script and nothing from elsewhere.
    const policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";
    return reply.header("content-security-policy", policy).type("text/html; charset=utf-8").send(mail.html);
  });
  app.get("/emulator/texts", () => ({ texts: world.texts() }));
  app.delete("/emulator/texts", () => {
    world.clearTexts();
    return {};
  });
  // What SMS_URL of a server names: whoever has a text message hands it over here.
  app.post("/sms/messages", ({ body }) => {
    world.takeText(inputs.NewText.parse(body));
    return {};
  });
  app.get("/emulator/journal", ({ query }) => ({ entries: world.journal(inputs.JournalFilter.parse(query)) }));
  app.delete("/emulator/journal", () => {
    world.clearJournal();
    return {};
  });
}

function serveFaults(app: FastifyInstance, world: World): void {
  app.get("/emulator/faults", () => ({ faults: world.faults() }));
  app.post("/emulator/faults", ({ body }) => {
    world.addFault(inputs.NewFault.parse(body));
    return { faults: world.faults() };
  });
  app.delete("/emulator/faults", () => {
    world.clearFaults();
    return {};
  });
  app.post("/emulator/pushes", ({ body }) => world.sendRaw(inputs.RawPush.parse(body)));
}
