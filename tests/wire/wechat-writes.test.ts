import { startEmulator } from "@zhanggui/emulator/emulator";
import { saveWorld } from "@zhanggui/emulator/memory/world";
import type { Call } from "@zhanggui/wechat/call";
import { allCalls } from "@zhanggui/wechat/calls/all";
import { getStableToken } from "@zhanggui/wechat/calls/tokens";
import { callOpenly, outcomeOfWrite, WechatClient } from "@zhanggui/wechat/client";
import { MemoryTokenStore, TokenCoordinator } from "@zhanggui/wechat/tokens";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { samples } from "./wechat-samples.ts";
import type { Sample, SampleStage } from "./wechat-samples.ts";

/*
 * Every call of our client against the emulator, where the answer is lost after the effect. What each declares must
 * hold: nothing is done twice, nothing that was done is taken for failed.
 */
type AnyCall = Call<unknown, unknown>;
type AnySample = Sample<unknown>;

const calls = [...allCalls].map(([name, call]) => ({
  name,
  call: call as AnyCall,
  sample: (samples as Record<string, AnySample>)[name] as AnySample,
}));
const writes = calls.filter(({ call }) => call.effect.kind !== "read");
const reads = calls.filter(({ call }) => call.effect.kind === "read");

/** Calls that are harmless twice although each makes something: what they make goes by itself or costs nothing. */
const copying = new Set([
  "createTemporaryQrCode",
  "uploadMedia",
  "uploadArticleImage",
  "makeMassVideo",
  "urlScheme",
  "urlLink",
]);

/** How an answer gets lost although WeChat did what was asked. */
const lost = {
  "no answer comes in time": "late",
  "the connection is cut": { drop: "after" },
  "a proxy answers 502": { status: 502, perform: true },
  "WeChat says that it is busy": { errcode: -1, perform: true },
} as const;

const appId = "wx0123456789abcdef";
const secret = "lantern-secret";
const opened: { stop(): Promise<void> }[] = [];

beforeEach(() => {
  // One moment for all worlds, so that they can be compared.
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-05-01T04:00:00Z") });
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(opened.splice(0).map((emulator) => emulator.stop()));
});

async function setStage({ isMini = false }: { isMini?: boolean | undefined }): Promise<SampleStage> {
  const emulator = await startEmulator({ seed: 11 });
  opened.push(emulator);
  const template = { templateId: "ready", title: "取茶", content: "{{order.DATA}}" };
  await emulator.world.seed({
    accounts: [
      isMini ? { appid: appId, secret, kind: "miniprogram" } : { appid: appId, secret, templates: [template] },
    ],
    puppets: [
      { id: "tea-lover", phone: "13800138000", follows: [appId] },
      { id: "passer-by", follows: [appId] },
    ],
  });
  const now = (): Date => emulator.world.state.clock.now();
  const fetchToken = ({ force }: { force: boolean }) =>
    getStableToken({ apiUrl: emulator.url, appId, secret, force, now });
  const tokens = new TokenCoordinator({ store: new MemoryTokenStore(now), fetchToken, now });
  await tokens.get();
  const openid = (puppetId: string): string => emulator.world.chat(puppetId, appId).openid;
  return {
    emulator,
    appId,
    secret,
    puppetId: "tea-lover",
    openids: [openid("tea-lover"), openid("passer-by")],
    tokens,
    client: new WechatClient({ apiUrl: emulator.url, tokens, wait: () => Promise.resolve() }),
  };
}

/** Asks; the first answer of the call's own is too late if it says so. */
function ask(stage: SampleStage, call: AnyCall, input: unknown, isLate = false): Promise<unknown> {
  let latesLeft = isLate ? 1 : 0;
  const fetch: typeof globalThis.fetch = async (url, init) => {
    const answer = await globalThis.fetch(url, init);
    if (latesLeft === 0 || (url as URL).pathname !== call.path) return answer;
    latesLeft -= 1;
    throw new DOMException("The operation was aborted due to timeout", "TimeoutError");
  };
  const options = { apiUrl: stage.emulator.url, wait: () => Promise.resolve(), fetch };
  if (call.access === "open") return callOpenly(options, call, input);
  return new WechatClient({ ...options, tokens: stage.tokens }).call(call, input);
}

/** All that the world knows, but for what counts calls and menus, keeps records, draws lots, or names its address. */
function effects({ emulator }: SampleStage): unknown {
  const { journal: _, faults: __, drawn: ___, counters: ____, ...world } = saveWorld(emulator.world.state);
  const text = JSON.stringify(world)
    .replaceAll(emulator.url, "")
    .replaceAll(/"menuId":"\d+"/g, '"menuId":""');
  return JSON.parse(text) as unknown;
}

const asked = ({ emulator }: SampleStage, { path }: AnyCall): number =>
  emulator.world.journal({ kind: "api" }).filter((entry) => entry.url.split("?")[0] === path).length;

/** The same input asked in a world where nothing is lost. */
async function undisturbed(call: AnyCall, sample: AnySample): Promise<{ reply: unknown; world: unknown }> {
  const stage = await setStage(sample);
  const input = await sample.input(stage);
  const reply = await ask(stage, call, input);
  await stage.emulator.world.settle();
  return { reply, world: effects(stage) };
}

describe.each(Object.entries(lost))("where %s after the effect", (_how, fault) => {
  test.each(writes)("$name is as it declares", async ({ call, sample, name }) => {
    const twin = await undisturbed(call, sample);
    const stage = await setStage(sample);
    const input = await sample.input(stage);
    const before = asked(stage, call);
    if (fault !== "late") stage.emulator.world.addFault({ target: "api", path: call.path, count: 1, ...fault });
    const { effect } = call;
    const attempt = ask(stage, call, input, fault === "late");
    const isLeft = effect.kind === "at-most-once" || (effect.kind === "keyed" && effect.repeatAfterSeconds > 0);
    if (isLeft) {
      const error: unknown = await attempt.then(
        () => expect.unreachable("it answered"),
        (thrown: unknown) => thrown,
      );
      expect(outcomeOfWrite(error)).toBe("unknown");
      expect(asked(stage, call) - before).toBe(1);
    } else {
      const reply = await attempt;
      if (!copying.has(name)) expect(reply).toEqual(twin.reply);
      expect(asked(stage, call) - before).toBe(effect.kind === "queryable" ? 1 : 2);
    }
    await stage.emulator.world.settle();
    if (!copying.has(name)) expect(effects(stage)).toEqual(twin.world);
    if (effect.kind !== "keyed" || !isLeft) return;
    // By whoever asked, with the same key, once WeChat takes a repeat.
    vi.setSystemTime(Date.now() + effect.repeatAfterSeconds * 1000);
    expect(await ask(stage, call, input)).toEqual(twin.reply);
    await stage.emulator.world.settle();
    expect(effects(stage)).toEqual(twin.world);
  });
});

test.each(writes.filter(({ call }) => call.effect.kind === "queryable"))(
  "$name is repeated if it wasn't done",
  async ({ call, sample }) => {
    const twin = await undisturbed(call, sample);
    const stage = await setStage(sample);
    const input = await sample.input(stage);
    stage.emulator.world.addFault({ target: "api", path: call.path, count: 1, drop: "before" });
    expect(await ask(stage, call, input)).toEqual(twin.reply);
    expect(effects(stage)).toEqual(twin.world);
  },
);

test.each(reads)("$name changes nothing, and is asked again where no answer came", async ({ call, sample }) => {
  const stage = await setStage(sample);
  const input = await sample.input(stage);
  // The first ticket of a day is made by asking for it.
  if (call.path === "/cgi-bin/ticket/getticket") await ask(stage, call, input);
  const before = effects(stage);
  stage.emulator.world.addFault({ target: "api", path: call.path, count: 2, drop: "after" });
  await ask(stage, call, input);
  expect(effects(stage)).toEqual(before);
});

test("every call of the emulator's has one of ours, and every one of ours is known to the emulator", async () => {
  const { apiRoutes } = await import("@zhanggui/emulator/wechat/routes");
  // cgi-bin/token voids what stable_token gives to nobody; showqrcode is a picture's address.
  const unused = ["/cgi-bin/token", "/cgi-bin/showqrcode"];
  const theirs = apiRoutes
    .map(({ method, path }) => `${method} ${path}`)
    .filter((each) => !unused.includes(each.split(" ")[1] ?? ""));
  const ours = calls.map(({ call }) => `${call.method} ${call.path}`);
  expect([...new Set(ours)].toSorted()).toEqual(theirs.toSorted());
});
