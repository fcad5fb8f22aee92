import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";

let server: TestServer;
let owner: Member;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
  // Whoever begins an answer when a version is out names the version that counts.
  await owner.api.settings.change({ key: "forms.olderVersionHours", value: 0, version: 0 });
});
afterAll(() => server.close());

const form = (name: string) => ({ schema: { type: "object", properties: { [name]: { type: "string" } } } });
let count = 0;
async function published(): Promise<string> {
  const { id: formId } = await owner.api.forms.create({ name: `竞争 ${(count += 1)}` });
  await owner.api.forms.saveDraft({ formId, draft: form("a"), ifMatch: 1 });
  await owner.api.forms.publish({ formId, ifMatch: 2 });
  await owner.api.forms.saveDraft({ formId, draft: form("b"), ifMatch: 2 });
  return formId;
}
const codeOf = (error: { readonly problem: { readonly code: string } }): string => error.problem.code;

test("of a form that is published, switched off and answered at once, what was acknowledged is there, in 100 rounds", async () => {
  const seen = new Set<string>();
  for (let round = 0; round < 100; round += 1) {
    // A minute has 120 answers of an account.
    if (round % 30 === 0) server.clock.advance(60_000);
    const formId = await published();
    const answer = (version: number) =>
      owner.api.forms.answer({ formId, version, answers: { a: "茶", b: "茶" } }).then(() => `taken ${version}`, codeOf);
    const [first, , , second] = await Promise.all([
      answer(1),
      owner.api.forms.publish({ formId, ifMatch: 3 }),
      round % 2 === 0 ? owner.api.forms.update({ formId, enabled: false }) : undefined,
      answer(2),
    ]);
    const { items } = await owner.api.forms.listAnswers({ formId });
    expect(items.map(({ version }) => `taken ${version}`).toSorted()).toEqual(
      [first, second].filter((each) => each.startsWith("taken")).toSorted(),
    );
    for (const outcome of [first, second]) seen.add(outcome);
    // What comes behind the publishing finds the next version, or the form closed.
    expect(await answer(1)).toBe(round % 2 === 0 ? "forms.closed" : "forms.version_over");
  }
  const known = ["taken 1", "taken 2", "forms.closed", "forms.version_over", "kit.not_found"];
  expect([...seen].filter((each) => !known.includes(each))).toEqual([]);
});

test("a draft is saved and published while an answer is being written, and a form is deleted only then", async () => {
  const formId = await published();
  const client = new pg.Client({ connectionString: server.databaseUrl });
  await client.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT 1 FROM forms_form WHERE id = $1 FOR KEY SHARE", [formId]);
    await owner.api.forms.saveDraft({ formId, draft: form("c"), ifMatch: 3 });
    await owner.api.forms.publish({ formId, ifMatch: 4 });
    let isGone = false;
    const deleted = owner.api.forms.delete({ formId }).then(() => (isGone = true));
    await expect
      .poll(async () => (await client.query("SELECT 1 FROM pg_locks WHERE NOT granted")).rowCount)
      .toBeGreaterThan(0);
    expect(isGone).toBe(false);
    await client.query("COMMIT");
    await deleted;
  } finally {
    await client.end();
  }
});
