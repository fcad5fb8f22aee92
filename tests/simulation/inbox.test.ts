import type { Member } from "@zhanggui/server/testing/test-server";
import { openTeaShop, type TeaShop } from "@zhanggui/server/testing/tea-shop";
import { refusal } from "@zhanggui/server/testing/refusal";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { patient } from "../setup/patience.ts";

/*
 * Five hundred customers write at once, each several times, by pushes that WeChat signs; five on duty are given them by
 * turns, and all five answer each of them at the same time. Who comes when follows from the seed.
 */
const customers = 500;
const messages = 2;
const seed = Number(process.env["SEED"] ?? 20_261_130);

let tea: TeaShop;
let staff: Member[];
let puppets: string[];

beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  const { api } = tea.owner;
  const set = (key: string, value: unknown) => api.settings.change({ key, value, version: 0 });
  await set("messaging.assignBy", "turns");
  await set("messaging.openLimit", customers);
  staff = await Promise.all(Array.from({ length: 5 }, () => tea.server.as("operator", tea.owner)));
  for (const member of staff) await member.api.messaging.setDuty({ isOnDuty: true });
  puppets = Array.from({ length: customers }, (_, index) => tea.emulator.world.createPuppet({ name: `客${index}` }).id);
  console.info(`simulation inbox: SEED=${seed}`);
}, patient(120_000));
afterAll(() => tea?.close());

/** A small generator of our own (mulberry32): the same seed gives the same order. */
function shuffled<Item>(items: readonly Item[], start: number): Item[] {
  let state = start >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return items
    .map((item) => ({ item, at: next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

async function inParallel<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

async function everyConversation() {
  const { api } = tea.owner;
  const all = [];
  for (let cursor: string | undefined; ;) {
    const page = await api.messaging.listConversations({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    all.push(...page.items);
    if (page.next === null) return all;
    cursor = page.next;
  }
}
const credit = (puppetId: string) => tea.emulator.world.chat(puppetId, tea.bound.appid).credit;
const answersTo = (puppetId: string) =>
  tea.emulator.world.chat(puppetId, tea.bound.appid).chat.filter(({ via }) => via === "custom");

test(
  "five hundred write at once to five: each message once and in order, nobody answered twice, counts as WeChat's",
  async () => {
    const { world } = tea.emulator;
    await inParallel(shuffled(puppets, seed), 25, async (id) => void (await world.follow(id)));
    const texts = Array.from({ length: messages }, (_, index) => `第 ${index + 1} 句`);
    await inParallel(shuffled(puppets, seed + 1), 25, async (id) => {
      for (const text of texts) await world.say(id, { text: `${id} ${text}` });
    });
    await tea.settle();

    // Every message stands in one conversation, its customer's, and in their order.
    const conversations = await everyConversation();
    expect(conversations).toHaveLength(customers);
    const byOpenid = new Map(puppets.map((id) => [world.chat(id, tea.bound.appid).openid, id]));
    expect(new Set(conversations.map(({ openid }) => openid))).toEqual(new Set(byOpenid.keys()));
    await inParallel(conversations, 10, async ({ id, openid, state, unread }) => {
      const { items } = await tea.owner.api.messaging.readThread({ conversationId: id, limit: 100 });
      const said = items.toReversed().flatMap((entry) => (entry.said?.kind === "text" ? [entry.said.text] : []));
      expect(said).toEqual(texts.map((text) => `${byOpenid.get(openid)} ${text}`));
      expect([state, unread]).toEqual(["waiting", messages]);
      expect(items.filter(({ note }) => note !== null)).toHaveLength(1);
    });

    // By turns: as many to each.
    const counts = Map.groupBy(conversations, ({ assigneeId }) => assigneeId);
    expect(new Set(counts.keys())).toEqual(new Set(staff.map(({ accountId }) => accountId)));
    for (const theirs of counts.values()) expect(theirs).toHaveLength(customers / staff.length);

    // All five answer each at once, and have seen the same: one does, the others hear who.
    await inParallel(shuffled(conversations, seed + 2), 8, async ({ id: conversationId, openid }) => {
      const tries = await Promise.allSettled(
        shuffled(staff, openid.length + seed).map(({ api }) =>
          api.messaging.reply({ conversationId, text: `答 ${openid}`, lastReplyId: null }),
        ),
      );
      expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const each of tries)
        if (each.status === "rejected")
          expect(each.reason).toMatchObject({ code: "messaging.answered_meanwhile", problem: { status: 409 } });
    });
    await tea.settle();
    for (const [openid, id] of byOpenid)
      expect(answersTo(id).map(({ content }) => content)).toEqual([{ kind: "text", text: `答 ${openid}` }]);

    // What is left, and until when, is what WeChat itself counts; by its clock, which has seconds.
    await inParallel(await everyConversation(), 10, async ({ id, openid, state }) => {
      const { repliesLeft, answerableUntil } = await tea.owner.api.messaging.getConversation({ conversationId: id });
      const { left, until } = credit(byOpenid.get(openid) ?? "");
      expect([repliesLeft, state]).toEqual([left, "answered"]);
      expect(Math.abs(until - Date.parse(answerableUntil))).toBeLessThan(1_000);
    });

    // Some write again, and have their answers anew; of the others the last is taken, and one more is refused here.
    const [again, others] = [conversations.slice(0, 50), conversations.slice(50, 60)];
    await inParallel(again, 10, async ({ openid }) => {
      await world.say(byOpenid.get(openid) ?? "", { text: "谢谢" });
    });
    await tea.settle();
    for (const { id, openid } of again) {
      const { repliesLeft, state } = await tea.owner.api.messaging.getConversation({ conversationId: id });
      expect([repliesLeft, state]).toEqual([credit(byOpenid.get(openid) ?? "").left, "waiting"]);
      expect(repliesLeft).toBe(5);
    }
    for (const { id: conversationId, openid } of others) {
      const { api } = tea.owner;
      const answer = async () => {
        const { lastReplyId } = await api.messaging.getConversation({ conversationId });
        return api.messaging.reply({ conversationId, text: "还有", lastReplyId });
      };
      for (let count = 0; count < 4; count++) await answer();
      expect(await refusal(answer())).toMatchObject({ code: "messaging.replies_used_up" });
      await tea.settle();
      expect(credit(byOpenid.get(openid) ?? "").left).toBe(0);
      expect(answersTo(byOpenid.get(openid) ?? "")).toHaveLength(5);
    }
  },
  patient(300_000),
);
