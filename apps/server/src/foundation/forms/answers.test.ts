import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";

let server: TestServer;
let owner: Member;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
});
afterAll(() => server.close());

/** A sign-up for a tasting: what a guest costs, only whoever reads settings sees; how it is paid, only they say. */
const tasting = {
  schema: {
    type: "object",
    required: ["name", "how"],
    properties: {
      name: { type: "string", title: "姓名", maxLength: 20 },
      how: { enum: ["shop", "home"], title: "方式" },
      city: { type: "string", title: "城市" },
      guests: {
        type: "array",
        title: "同行",
        maxItems: 3,
        items: { type: "object", properties: { who: { type: "string", title: "称呼" }, note: { type: "string" } } },
      },
      paid: { type: "integer", title: "已付" },
      total: { type: "number", title: "合计" },
    },
  },
  ui: {
    fields: {
      how: { choices: { shop: { zh: "到店", en: "In the shop" }, home: { zh: "送到家", en: "At home" } } },
      city: {
        showWhen: { field: "how", is: "eq", value: "home" },
        requireWhen: { field: "how", is: "eq", value: "home" },
      },
      paid: { writeBy: "settings:read" },
      total: { compute: { rows: "guests", count: true }, readBy: "settings:read" },
      "guests.note": { readBy: "settings:read" },
    },
  },
};
let count = 0;
async function published(draft: { readonly schema: object; readonly ui?: object } = tasting): Promise<string> {
  const { id: formId, revision } = await owner.api.forms.create({ name: `答卷 ${(count += 1)}` });
  await owner.api.forms.saveDraft({ formId, draft, ifMatch: revision });
  await owner.api.forms.publish({ formId, ifMatch: revision + 1 });
  return formId;
}
const places = async (call: Promise<unknown>) => (await refusal(call)).errors?.map(({ field }) => field);

describe("answers", () => {
  test("are kept as the version asks, with what is computed, and read as it had it", async () => {
    const formId = await published();
    const answers = {
      name: "阿青",
      how: "home",
      city: "杭州",
      guests: [{ who: "小满", note: "素食" }],
      paid: 100,
      total: 9,
      isAdmin: true,
    };
    const { id: answerId } = await owner.api.forms.answer({ formId, version: 1, answers });
    const kept = {
      name: "阿青",
      how: "home",
      city: "杭州",
      guests: [{ who: "小满", note: "素食" }],
      paid: 100,
      total: 1,
    };
    const read = await owner.api.forms.getAnswer({ formId, answerId });
    expect(read).toMatchObject({ answers: kept, version: 1, accountName: "Owner" });
    const { items, total } = await owner.api.forms.listAnswers({ formId });
    expect(total).toBe(1);
    expect(items[0]?.summary.zh).toBe("姓名：阿青；方式：送到家；城市：杭州；已付：100");
    // The form goes on; the answer doesn't.
    const renamed = { ...tasting.schema, properties: { nick: { type: "string" } }, required: [] };
    await owner.api.forms.saveDraft({ formId, draft: { schema: renamed }, ifMatch: 2 });
    await owner.api.forms.publish({ formId, ifMatch: 3 });
    expect(await owner.api.forms.getAnswer({ formId, answerId })).toEqual(read);
    expect((await owner.api.forms.listAnswers({ formId, version: { gte: 2 } })).items).toEqual([]);
  });

  test("that are wrong are refused at their fields, in rows too", async () => {
    const formId = await published();
    const wrong = { name: "阿".repeat(21), how: "boat", guests: [{ who: 3 }, {}, {}, {}] };
    expect(await places(owner.api.forms.answer({ formId, version: 1, answers: wrong }))).toEqual([
      "answers.name",
      "answers.how",
      "answers.guests",
      "answers.guests.0.who",
    ]);
    expect(await places(owner.api.forms.answer({ formId, version: 1, answers: { name: "a", how: "home" } }))).toEqual([
      "answers.city",
    ]);
    for (const answers of [null, [], "x", 7, { name: "a".repeat(20_000) }])
      expect(await places(owner.api.forms.answer({ formId, version: 1, answers }))).toEqual(["answers"]);
    expect((await owner.api.forms.listAnswers({ formId })).items).toEqual([]);
  });

  test("sent twice under one key are one answer", async () => {
    const formId = await published();
    const input = { formId, version: 1, answers: { name: "阿青", how: "shop" } };
    const [first, again] = [
      await owner.api.forms.answer(input, { idempotencyKey: "twice" }),
      await owner.api.forms.answer(input, { idempotencyKey: "twice" }),
    ];
    expect(again).toEqual(first);
    expect((await owner.api.forms.listAnswers({ formId })).items).toHaveLength(1);
  });

  test("tell of themselves, without what was said", async () => {
    const formId = await published();
    const { id: answerId } = await owner.api.forms.answer({
      formId,
      version: 1,
      answers: { name: "阿青", how: "shop" },
    });
    const { items } = await owner.api.events.list({ name: "forms.answered.v1" });
    expect(items[0]?.payload).toEqual({ formId, answerId, version: 1, accountId: owner.accountId });
  });

  test("make a file, with a column for each field of any version, that no spreadsheet runs", async () => {
    const formId = await published();
    await owner.api.forms.answer({
      formId,
      version: 1,
      answers: { name: "=1+1", how: "home", city: "杭,州", guests: [{ who: "小满" }] },
    });
    const chinese = { authorization: `Bearer ${owner.accessToken}`, "accept-language": "zh" };
    const file = await server.anonymous(chinese).forms.exportAnswers({ formId, zone: "Asia/Shanghai", headers: {} });
    const [head, line] = (await new Response(file.stream).text()).replace("\uFEFF", "").split("\r\n");
    expect(head).toBe("填写时间,填写人,版本,姓名,方式,城市,同行,已付,合计");
    expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,Owner,1,'=1\+1,送到家,"杭,州",称呼：小满,,1$/);
  });

  test("make a file of the versions that were answered and the latest: others have no column", async () => {
    const draftOf = (name: string) => ({ schema: { type: "object", properties: { [name]: { type: "string" } } } });
    const formId = await published(draftOf("first"));
    await owner.api.forms.answer({ formId, version: 1, answers: { first: "茶" } });
    for (const name of ["second", "third"]) {
      const { revision } = await owner.api.forms.get({ formId });
      await owner.api.forms.saveDraft({ formId, draft: draftOf(name), ifMatch: revision });
      await owner.api.forms.publish({ formId, ifMatch: revision + 1 });
    }
    const file = await owner.api.forms.exportAnswers({ formId, headers: {} });
    const [head] = (await new Response(file.stream).text()).split("\r\n");
    expect(head?.split(",").slice(3)).toEqual(["third", "first"]);
    const taken = await owner.api.audit.list({ kind: ["exported"], thingId: formId });
    expect(taken.items).toMatchObject([{ act: "forms.exportAnswers", actorId: owner.accountId }]);
  });

  test("make a file in which the word of a numbered choice isn't run either", async () => {
    const formId = await published({
      schema: { type: "object", properties: { n: { enum: [1, 2] }, m: { type: "number" } } },
      ui: { fields: { n: { choices: { 1: { zh: "=1+1", en: "=HYPERLINK(0)" } } } } },
    });
    await owner.api.forms.answer({ formId, version: 1, answers: { n: 1, m: -5 } });
    const file = await owner.api.forms.exportAnswers({ formId, headers: {} });
    const [, line] = (await new Response(file.stream).text()).split("\r\n");
    expect(line).toMatch(/,1,'=(1\+1|HYPERLINK\(0\)),-5$/);
  });

  test("are kept for as long as the setting says; then the form can go, too", async () => {
    const other = await server.asOwner();
    const { id: formId, revision } = await other.api.forms.create({ name: "旧答卷" });
    const draft = { schema: { type: "object", properties: { a: { type: "string" } } } };
    await other.api.forms.saveDraft({ formId, draft, ifMatch: revision });
    await other.api.forms.publish({ formId, ifMatch: revision + 1 });
    const answer = (a: string) => other.api.forms.answer({ formId, version: 1, answers: { a } });
    await answer("早");
    server.clock.advance(3 * 24 * 3_600_000);
    const { id } = await answer("晚");
    await server.runtime.runSchedule("settings.prune");
    expect((await other.api.forms.listAnswers({ formId })).items).toHaveLength(2);
    await other.api.settings.change({ key: "forms.keepAnswersDays", value: 2, version: 0 });
    await server.runtime.runSchedule("settings.prune");
    expect((await other.api.forms.listAnswers({ formId })).items.map((each) => each.id)).toEqual([id]);
    expect(await refusal(other.api.forms.delete({ formId }))).toMatchObject({ code: "forms.has_answers" });
    server.clock.advance(3 * 24 * 3_600_000);
    await server.runtime.runSchedule("settings.prune");
    await other.api.forms.delete({ formId });
  });

  test("to an older version are taken for a day, then refused with the newer one's number", async () => {
    const formId = await published({ schema: { type: "object", properties: { a: { type: "string" } } } });
    const next = { schema: { type: "object", properties: { b: { type: "string" } } } };
    await owner.api.forms.saveDraft({ formId, draft: next, ifMatch: 2 });
    await owner.api.forms.publish({ formId, ifMatch: 3 });
    expect((await owner.api.forms.open({ formId })).version).toBe(2);
    const old = () => owner.api.forms.answer({ formId, version: 1, answers: { a: "x" } });
    expect((await old()).version).toBe(1);
    server.clock.advance(24 * 3_600_000 - 60_000);
    expect((await old()).version).toBe(1);
    server.clock.advance(60_000);
    expect(await refusal(old())).toMatchObject({ code: "forms.version_over", details: { version: 2 } });
    const future = owner.api.forms.answer({ formId, version: 3, answers: {} });
    expect(await refusal(future)).toMatchObject({ status: 404 });
  });
});

describe("somebody who may not see or say everything", () => {
  let guest: Member;
  let formId: string;
  beforeAll(async () => {
    guest = await server.asHolderOf(["forms:answer", "forms:read"], owner);
    formId = await published();
  });

  test("is given a form without it", async () => {
    const { form } = await guest.api.forms.open({ formId });
    const text = JSON.stringify(form);
    expect(text).not.toContain("合计");
    expect(text).not.toContain("note");
    expect(text).toContain("已付");
    const { fields } = form as { fields: { name: string; isReadOnly?: true }[] };
    expect(fields.find(({ name }) => name === "paid")?.isReadOnly).toBe(true);
  });

  test.for<[what: string, forged: object, at: string]>([
    ["what they may only see", { paid: 1_000_000 }, "answers.paid"],
    ["what is computed", { total: 99 }, ""],
    ["what is hidden from them, in a row", { guests: [{ who: "小满", note: "x" }] }, "answers.guests.0.note"],
  ])("can't send %s", async ([, forged, at]) => {
    const call = guest.api.forms.answer({ formId, version: 1, answers: { name: "阿岚", how: "shop", ...forged } });
    if (at !== "") return expect(await places(call)).toEqual([at]);
    // What nobody types is computed, whatever is sent.
    const { id: answerId } = await call;
    expect((await owner.api.forms.getAnswer({ formId, answerId })).answers["total"]).toBe(0);
  });

  test("isn't told what is computed wrong for a field that they can't see", async () => {
    const scored = await published({
      schema: {
        type: "object",
        properties: { age: { type: "integer" }, score: { type: "integer", maximum: 40, title: "评分" } },
      },
      ui: { fields: { score: { compute: { field: "age" }, readBy: "settings:read" } } },
    });
    const call = (age: number) => guest.api.forms.answer({ formId: scored, version: 1, answers: { age } });
    const refused = await refusal(call(41));
    expect(refused).toMatchObject({ code: "forms.wrong_answers", errors: [{ field: "answers" }] });
    expect(JSON.stringify(refused)).not.toMatch(/score|评分|\b40\b/);
    await call(40);
  });

  test("reads answers without it, one by one, in the list and in the file", async () => {
    const answers = { name: "阿青", how: "shop", guests: [{ who: "小满", note: "秘密" }], paid: 77_777 };
    const { id: answerId } = await owner.api.forms.answer({ formId, version: 1, answers });
    const seen = await guest.api.forms.getAnswer({ formId, answerId });
    expect(seen.answers).toEqual({ name: "阿青", how: "shop", guests: [{ who: "小满" }], paid: 77_777 });
    const list = await guest.api.forms.listAnswers({ formId });
    const file = await guest.api.forms.exportAnswers({ formId, headers: {} });
    for (const text of [JSON.stringify([seen, list]), await new Response(file.stream).text()]) {
      expect(text).toContain("阿青");
      expect(text).toContain("77777");
      expect(text).not.toContain("秘密");
      expect(text).not.toContain("合计");
    }
  });
});
