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

const text = { type: "string" };
const form = (properties: object, ui: object = {}) => ({ schema: { type: "object", properties }, ui });
let count = 0;
async function begin(properties: object, ui: object = {}, who = owner): Promise<string> {
  const { id: formId, revision } = await who.api.forms.create({ name: `表单 ${(count += 1)}` });
  await who.api.forms.saveDraft({ formId, draft: form(properties, ui), ifMatch: revision });
  return formId;
}
async function published(properties: object, ui: object = {}, who = owner): Promise<string> {
  const formId = await begin(properties, ui, who);
  await who.api.forms.publish({ formId, ifMatch: 2 });
  return formId;
}

describe("a draft", () => {
  test("begins blank, or as another's, under a name that is free", async () => {
    const formId = await begin({ b: text, a: text });
    const copy = await owner.api.forms.create({ name: "副本", copyOf: formId });
    expect(Object.keys((copy.draft.schema as { properties: object }).properties)).toEqual(["b", "a"]);
    expect(copy).toMatchObject({ revision: 1, version: null, isChanged: true, hasAnswers: false });
    expect(await refusal(owner.api.forms.create({ name: "副本" }))).toMatchObject({
      code: "forms.name_taken",
      errors: [{ field: "name" }],
    });
    expect(await refusal(owner.api.forms.update({ formId, name: "副本" }))).toMatchObject({ code: "forms.name_taken" });
  });

  test("keeps the order of its fields, whatever they are called", async () => {
    const names = ["zz", "b", "aaa", "a", "c1"];
    const formId = await begin(Object.fromEntries(names.map((name) => [name, text])));
    const { draft } = await owner.api.forms.get({ formId });
    expect(Object.keys((draft.schema as { properties: object }).properties)).toEqual(names);
  });

  test("of two who save at once one is told so, in each of 200 rounds, and nothing is half saved", async () => {
    const formId = await begin({ start: text });
    let revision = 2;
    for (let round = 0; round < 200; round += 1) {
      const tries = ["a", "b"].map((who) =>
        owner.api.forms.saveDraft({ formId, draft: form({ [`${who}${round}`]: text }), ifMatch: revision }).then(
          () => who,
          (error: { problem: { code: string } }) => error.problem.code,
        ),
      );
      const outcome = await Promise.all(tries);
      const [won] = outcome.filter((each) => each.length === 1);
      expect(outcome.toSorted().at(-1)).toBe("kit.precondition_failed");
      const { draft, revision: now } = await owner.api.forms.get({ formId });
      expect(draft).toEqual(form({ [`${won}${round}`]: text }));
      expect(now).toBe(revision + 1);
      revision = now;
    }
  });
});

describe("a version", () => {
  test("is made of the draft, once for each change, and never changes", async () => {
    const formId = await published({ a: text });
    expect(await refusal(owner.api.forms.publish({ formId, ifMatch: 2 }))).toMatchObject({ code: "forms.unchanged" });
    expect(await refusal(owner.api.forms.publish({ formId, ifMatch: 1 }))).toMatchObject({ status: 412 });
    await owner.api.forms.saveDraft({ formId, draft: form({ b: text }), ifMatch: 2 });
    expect(await owner.api.forms.publish({ formId, ifMatch: 3 })).toMatchObject({ number: 2, publishedBy: "Owner" });
    const { items } = await owner.api.forms.listVersions({ formId });
    expect(items.map(({ number }) => number)).toEqual([2, 1]);
    expect((await owner.api.forms.getVersion({ formId, number: 1 })).made).toEqual(form({ a: text }));
    const back = await owner.api.forms.takeBack({ formId, number: 1, ifMatch: 3 });
    expect(back).toMatchObject({ draft: form({ a: text }), revision: 4, version: 2, isChanged: true });
    expect((await owner.api.forms.takeBack({ formId, number: 2, ifMatch: 4 })).isChanged).toBe(false);
    const away = await owner.api.forms.saveDraft({ formId, draft: form({ c: text }), ifMatch: 5 });
    const again = await owner.api.forms.saveDraft({ formId, draft: form({ b: text }), ifMatch: 6 });
    expect([away, again].map(({ isChanged }) => isChanged)).toEqual([true, false]);
  });

  test("is one when two publish at once, in each of 100 rounds", async () => {
    const formId = await begin({ start: text });
    for (let round = 1; round <= 100; round += 1) {
      const { revision } = await owner.api.forms.get({ formId });
      const draft = form({ [`f${round}`]: text });
      await owner.api.forms.saveDraft({ formId, draft, ifMatch: revision });
      const tries = [1, 2].map(() => owner.api.forms.publish({ formId, ifMatch: revision + 1 }));
      const done = (await Promise.allSettled(tries)).filter(({ status }) => status === "fulfilled");
      expect(done).toHaveLength(1);
    }
    expect(await owner.api.forms.get({ formId })).toMatchObject({ version: 100, isChanged: false });
  });

  test("isn't made of a form that nobody could fill in; where it is wrong is said, in the caller's language", async () => {
    const formId = await begin({ a: text }, { fields: { a: { showWhen: { field: "gone", is: "eq", value: "x" } } } });
    expect(await refusal(owner.api.forms.publish({ formId, ifMatch: 2 }))).toMatchObject({
      code: "forms.bad_draft",
      details: { at: "/ui/fields/a/showWhen" },
      errors: [
        { field: "draft/ui/fields/a/showWhen", message: expect.stringContaining("there is no field") as string },
      ],
    });
    const chinese = server.anonymous({ authorization: `Bearer ${owner.accessToken}`, "accept-language": "zh" });
    const said = await refusal(chinese.forms.publish({ formId, ifMatch: 2 }));
    expect(said.errors?.[0]?.message).toContain("不存在");
    const other = await begin({ a: text }, { fields: { a: { readBy: "teas:drink" } } });
    expect(await refusal(owner.api.forms.publish({ formId: other, ifMatch: 2 }))).toMatchObject({
      details: { at: "/ui/fields/a" },
    });
  });

  test("of an answered form stays: the form can be switched off, not deleted", async () => {
    const formId = await published({ a: text });
    await owner.api.forms.answer({ formId, version: 1, answers: { a: "茶" } });
    expect(await refusal(owner.api.forms.delete({ formId }))).toMatchObject({ code: "forms.has_answers" });
    expect(await owner.api.forms.update({ formId, enabled: false })).toMatchObject({ enabled: false });
    expect(await refusal(owner.api.forms.open({ formId }))).toMatchObject({ code: "forms.closed" });
    const late = owner.api.forms.answer({ formId, version: 1, answers: { a: "茶" } });
    expect(await refusal(late)).toMatchObject({ code: "forms.closed" });
    const unused = await published({ a: text });
    await owner.api.forms.delete({ formId: unused });
    expect(await refusal(owner.api.forms.get({ formId: unused }))).toMatchObject({ status: 404 });
  });

  test("of a form is deleted or answered, never both, in each of 100 rounds", async () => {
    for (let round = 0; round < 100; round += 1) {
      const formId = await published({ a: text });
      const [deleted, given] = await Promise.allSettled([
        owner.api.forms.delete({ formId }),
        owner.api.forms.answer({ formId, version: 1, answers: { a: "茶" } }),
      ]);
      expect([deleted.status, given.status].toSorted()).toEqual(["fulfilled", "rejected"]);
      const refused = [deleted, given].find(({ status }) => status === "rejected") as PromiseRejectedResult;
      const { problem } = refused.reason as { problem: { code: string } };
      expect(["forms.has_answers", "kit.not_found"]).toContain(problem.code);
    }
  });
});

test("whoever may only fill in sees the forms that are open", async () => {
  const other = await server.asOwner();
  const formId = await published({ a: text }, {}, other);
  await begin({ a: text }, {}, other);
  const guest = await server.asHolderOf(["forms:answer"], other);
  expect((await guest.api.forms.list({})).items.map(({ id }) => id)).toEqual([formId]);
  expect((await other.api.forms.list({ search: "表单" })).items).toHaveLength(2);
  expect(await refusal(guest.api.forms.get({ formId }))).toMatchObject({ status: 403 });
  expect(await refusal(guest.api.forms.listAnswers({ formId }))).toMatchObject({ status: 403 });
  // Another business finds none of it, by whatever address.
  for (const call of [
    () => owner.api.forms.get({ formId }),
    () => owner.api.forms.open({ formId }),
    () => owner.api.forms.answer({ formId, version: 1, answers: { a: "x" } }),
    () => owner.api.forms.exportAnswers({ formId, headers: {} }),
    () => owner.api.forms.create({ name: "抄来的", copyOf: formId }),
  ])
    expect(await refusal(call())).toMatchObject({ status: 404 });
});
