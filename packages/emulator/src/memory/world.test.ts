import fc from "fast-check";
import { expect, test } from "vitest";
import { menuRoutes } from "../wechat/menus-api.ts";
import { messageRoutes } from "../wechat/messages-api.ts";
import { qrCodeRoutes } from "../wechat/qrcodes-api.ts";
import { tokenRoutes } from "../wechat/tokens-api.ts";
import { userRoutes } from "../wechat/users-api.ts";
import { State } from "../world/state.ts";
import { World } from "../world/world.ts";
import { SavedWorld } from "./shape.ts";
import { restoreWorld, saveWorld } from "./world.ts";

/*
 * A world that was saved and one that went on: nothing tells them apart, neither now nor by what they do next.
 */
type Step = (world: World) => unknown;
const routes = [...menuRoutes, ...messageRoutes, ...qrCodeRoutes, ...tokenRoutes, ...userRoutes];
const noon = Date.UTC(2026, 4, 1, 4);

function newWorld(seed = 7): World {
  const clock = { offsetMs: 0, now: () => new Date(noon + clock.offsetMs) };
  return new World(new State({ clock, seed, pushTimeoutMs: 100, url: () => "http://emulator", smtpUrl: () => "" }));
}

function restored(world: World): World {
  const saved = SavedWorld.parse(JSON.parse(JSON.stringify(saveWorld(world.state))));
  const copy = newWorld(saved.seed);
  copy.state.clock.offsetMs = saved.clockOffsetMs;
  restoreWorld(copy.state, saved);
  return copy;
}

/** Everything the control API shows, and what each token ever given stands for. */
function observe(world: World): unknown {
  const tokens = world.state.tokens.save().tokens.map(({ value }) => world.state.tokens.look(value));
  const pictures = [...world.state.pictures.values()].map(({ bytes, ...rest }) => ({ ...rest, sum: bytes.length }));
  return structuredClone({
    clock: world.clock(),
    accounts: world.accounts(),
    puppets: world.puppets(),
    bonds: world.bonds(),
    codes: world.qrCodes(),
    mails: world.mails(),
    faults: world.faults(),
    journal: world.journal(),
    tokens,
    pictures,
  });
}

async function outcomeOf(world: World, step: Step): Promise<unknown> {
  try {
    return structuredClone(await step(world));
  } catch (error) {
    return String(error);
  }
}

function call(path: string, appid: string, input: Record<string, unknown>): Step {
  return ({ state }) => {
    const route = routes.find((one) => one.path === path);
    const { query, ...call } = { query: input as Record<string, string>, body: input, raw: Buffer.alloc(0) };
    return route?.handle(state, {
      ...call,
      query,
      address: "127.0.0.1",
      files: new Map(),
      account: state.account(appid),
    });
  };
}

const appid = fc.constantFrom("wxlantern", "wxsecond");
const puppet = fc.constantFrom("puppet-1", "puppet-2", "puppet-3");
const words = fc.string({ unit: "binary", minLength: 1, maxLength: 12 });

function openidOf(world: World, id: string, account: string): string {
  return world.chat(id, account).openid;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(appid, words).map(
    ([id, name]): Step =>
      (world) =>
        world.createAccount({ appid: id, name }),
  ),
  fc.constant<Step>((world) => world.createAccount({ openPlatform: "tea", dailyLimits: { "/cgi-bin/menu/get": 2 } })),
  words.map(
    (name): Step =>
      (world) =>
        world.createPuppet({ name }),
  ),
  puppet.map(
    (id): Step =>
      (world) =>
        world.changePuppet(id, { templateDelivery: "user_block" }),
  ),
  fc.tuple(puppet, appid).map(
    ([id, account]): Step =>
      (world) =>
        world.follow(id, { appid: account }),
  ),
  fc.tuple(puppet, appid).map(
    ([id, account]): Step =>
      (world) =>
        world.unfollow(id, { appid: account }),
  ),
  fc.tuple(puppet, appid, words).map(
    ([id, account, text]): Step =>
      (w) =>
        w.say(id, { appid: account, text }),
  ),
  fc.tuple(puppet, appid).map(
    ([id, account]): Step =>
      (world) =>
        world.sendImage(id, { appid: account }),
  ),
  fc.tuple(puppet, fc.nat(3)).map(
    ([id, n]): Step =>
      (w) =>
        w.scan(id, { code: w.qrCodes()[n]?.ticket ?? "none" }),
  ),
  fc.tuple(puppet, appid).map(
    ([id, account]): Step =>
      (world) =>
        world.tap(id, { appid: account, button: "TODAY" }),
  ),
  fc.nat(40_000_000).map(
    (ms): Step =>
      (world) =>
        world.setClock(world.clock().offsetMs + ms),
  ),
  appid.map(
    (id): Step =>
      (world) =>
        world.addTemplate(id, { title: "取茶", content: "单号：{{order.DATA}}" }),
  ),
  appid.map(
    (id): Step =>
      (world) =>
        world.voidTokens(id),
  ),
  appid.map(
    (id): Step =>
      (world) =>
        world.deleteAccount(id),
  ),
  fc.nat(3).map(
    (count): Step =>
      (w) =>
        w.addFault({ target: "push", what: "text", count: count + 1, repeat: 2 }),
  ),
  fc.tuple(appid, fc.boolean()).map(([id, force]) => stableToken(id, force)),
  appid.map((id) => call("/cgi-bin/menu/create", id, { button: [{ type: "click", name: "茶单", key: "TODAY" }] })),
  fc
    .tuple(appid, fc.boolean(), fc.nat(2))
    .map(([id, isPermanent, scene]) => qrCode(id, isPermanent ? "QR_LIMIT_STR_SCENE" : "QR_STR_SCENE", scene)),
  fc.tuple(puppet, appid, words).map(([id, account, text]) => customText(id, account, text)),
  fc.tuple(puppet, appid, fc.nat(1)).map(([id, account, guard]) => template(id, account, `guard-${guard}`)),
);

function stableToken(id: string, force: boolean): Step {
  return (world) => {
    const { secret } = world.account(id);
    const input = { grant_type: "client_credential", appid: id, secret, force_refresh: force };
    return call("/cgi-bin/stable_token", id, input)(world);
  };
}

function qrCode(id: string, action: string, scene: number): Step {
  const input = { action_name: action, expire_seconds: 600, action_info: { scene: { scene_str: `door-${scene}` } } };
  return call(
    "/cgi-bin/qrcode/create",
    id,
    action === "QR_STR_SCENE" ? input : { ...input, expire_seconds: undefined },
  );
}

function customText(id: string, account: string, text: string): Step {
  return (world) => {
    const input = { touser: openidOf(world, id, account), msgtype: "text", text: { content: text } };
    return call("/cgi-bin/message/custom/send", account, input)(world);
  };
}

function template(id: string, account: string, clientId: string): Step {
  return (world) => {
    const [first] = world.account(account).templates;
    const data = { order: { value: "A-17", color: "#ff0000" } };
    const input = { touser: openidOf(world, id, account), template_id: first?.templateId, data };
    return call("/cgi-bin/message/template/send", account, { ...input, client_msg_id: clientId })(world);
  };
}

/** What nearly every interesting world begins with, so that random steps find somebody to act. */
const beginning: readonly Step[] = [
  (world) => world.createAccount({ appid: "wxlantern", openPlatform: "tea" }),
  (world) => world.createPuppet(),
  (world) => world.follow("puppet-1", { appid: "wxlantern" }),
  (world) => world.addTemplate("wxlantern", { title: "取茶", content: "单号：{{order.DATA}}" }),
];

test("what is restored looks the same and goes on the same", async () => {
  const steps = fc.array(step, { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(steps, steps, async (before, after) => {
      const world = newWorld();
      for (const one of [...beginning, ...before]) await outcomeOf(world, one);
      await world.settle();
      const copy = restored(world);
      expect(observe(copy)).toEqual(observe(world));
      for (const one of after) expect(await outcomeOf(copy, one)).toEqual(await outcomeOf(world, one));
      await Promise.all([world.settle(), copy.settle()]);
      expect(observe(copy)).toEqual(observe(world));
    }),
    { numRuns: 200 },
  );
});

test("of a long journal the newest entries are kept", async () => {
  const world = newWorld();
  const nowhere = { url: "http://127.0.0.1:1/" };
  for (let number = 1; number <= 301; number += 1) await world.sendRaw(nowhere);
  const entries = restored(world).journal();
  expect(entries).toHaveLength(300);
  expect(entries.at(0)?.id).toBe("raw-2");
  expect(entries.at(-1)?.id).toBe("raw-301");
});
