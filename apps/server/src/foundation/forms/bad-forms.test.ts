import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { Problem } from "@zhanggui/kit/contract/problem";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";

/*
 * Forms and answers from outside that were made to harm, as bytes over HTTP: each is refused, or harmless.
 */
let server: TestServer;
let owner: Member;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
});
afterAll(() => server.close());

let count = 0;
const begin = async () => (await owner.api.forms.create({ name: `坏表单 ${(count += 1)}` })).id;

async function send(method: string, path: string, body: string, more: Record<string, string> = {}) {
  const response = await fetch(`${server.url}/api/forms/${path}`, {
    method,
    body,
    headers: {
      authorization: `Bearer ${owner.accessToken}`,
      "content-type": "application/json",
      "accept-language": "en",
      ...more,
    },
  });
  return { status: response.status, ...((await response.json()) as Partial<Problem>) };
}
const save = (formId: string, draft: string) =>
  send("PUT", `${formId}/draft`, `{"draft":${draft}}`, { "if-match": `"1"` });
const publish = async (formId: string) => send("POST", `${formId}/versions`, "{}", { "if-match": `"2"` });

const property = (schema: object) => JSON.stringify({ schema: { type: "object", properties: { a: schema } } });
const fields = (number: number) =>
  JSON.stringify({
    schema: {
      type: "object",
      properties: Object.fromEntries(Array.from({ length: number }, (_, n) => [`f${n}`, { type: "string" }])),
    },
  });
const nested = (levels: number): object => {
  let schema: object = { type: "string" };
  for (let level = 0; level < levels; level += 1) schema = { type: "object", properties: { a: schema } };
  return schema;
};
const deep = nested(2000);

test.for<[what: string, draft: string, code: string, says: string]>([
  ["10,000 fields", fields(10_000), "forms.bad_draft", "500 fields"],
  ["a polluting key", `{"schema":{"type":"object","properties":{"__proto__":{"type":"string"}}}}`, "", ""],
  ["another polluting key", `{"schema":{"type":"object","properties":{"constructor":{"prototype":{}}}}}`, "", ""],
  [
    "one deep inside",
    `{"schema":{"type":"object","properties":{}},"ui":{"fields":{"a":{"prototype":{}}}}}`,
    "",
    "prototype",
  ],
  ["2,000 levels", JSON.stringify({ schema: deep }), "", ""],
  ["100 levels", JSON.stringify({ schema: nested(100) }), "forms.bad_draft", "too deep"],
  ["no object at the top", `{"schema":{"type":"string"}}`, "forms.bad_draft", "at the top"],
  ["a text instead", `"form"`, "kit.invalid_input", ""],
  ["something besides", `{"schema":{"type":"object","properties":{}},"run":"x"}`, "kit.invalid_input", ""],
  [
    "a UI schema of an unknown kind",
    `{"schema":{"type":"object","properties":{}},"ui":{"html":"x"}}`,
    "forms.bad_draft",
    "",
  ],
  ["megabytes", property({ type: "string", title: "a".repeat(3_000_000) }), "kit.too_large", ""],
])("a draft with %s isn't kept", async ([, draft, code, says]) => {
  const formId = await begin();
  const refused = await save(formId, draft);
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(refused.status).toBeLessThan(500);
  if (code !== "") expect(refused.code).toBe(code);
  expect(JSON.stringify(refused)).toContain(says);
  expect((await owner.api.forms.get({ formId })).revision).toBe(1);
  expect(Reflect.get({}, "type")).toBeUndefined();
});

test.for<[what: string, draft: string, at: string, says: string]>([
  [
    "a cycle",
    JSON.stringify({
      schema: {
        type: "object",
        properties: { a: { $ref: "#/$defs/A" } },
        $defs: { A: { type: "object", properties: { b: { $ref: "#/$defs/A" } } } },
      },
    }),
    "/schema/properties/a/$ref",
    "refers to itself",
  ],
  [
    "an exploding expression",
    property({ type: "string", pattern: "^(a+)+$" }),
    "/schema/properties/a/pattern",
    "too long",
  ],
  [
    "a remote reference",
    property({ $ref: "https://example.com/x.json" }),
    "/schema/properties/a/$ref",
    "nothing in $defs",
  ],
  [
    "a keyword that runs",
    property({ type: "string", $dynamicRef: "#x" }),
    "/schema/properties/a/$dynamicRef",
    "supported",
  ],
  [
    "a field that depends on itself",
    JSON.stringify({
      schema: { type: "object", properties: { a: { type: "string" } } },
      ui: { fields: { a: { showWhen: { field: "a", is: "notEmpty" } } } },
    }),
    "/ui/fields/a",
    "depends on itself",
  ],
  [
    "a field that tells what another hides",
    JSON.stringify({
      schema: { type: "object", properties: { a: { type: "string" }, b: { type: "string" } } },
      ui: { fields: { a: { readBy: "settings:read" }, b: { compute: { field: "a" } } } },
    }),
    "/ui/fields/b",
    "whoever sees it",
  ],
])("a draft with %s isn't published, and the place is named", async ([, draft, at, says]) => {
  const formId = await begin();
  expect((await save(formId, draft)).status).toBe(200);
  const refused = await publish(formId);
  expect(refused).toMatchObject({ status: 422, code: "forms.bad_draft", details: { at } });
  expect(refused.detail).toContain(says);
  expect((await owner.api.forms.get({ formId })).version).toBeNull();
});

test("a script in a label is kept, and given back as text under a policy that runs none", async () => {
  const script = "<script>alert(1)</script><img src=x onerror=alert(1)>";
  const formId = await begin();
  await save(formId, property({ type: "string", title: script }));
  expect((await publish(formId)).status).toBe(200);
  const { form } = await owner.api.forms.open({ formId });
  expect((form as { fields: { label: object }[] }).fields[0]?.label).toEqual({ zh: script, en: script });
  const response = await fetch(`${server.url}/api/forms/${formId}/open`, {
    headers: { authorization: `Bearer ${owner.accessToken}` },
  });
  expect(response.headers.get("content-type")).toContain("application/json");
});

test.for<[what: string, answers: string]>([
  ["a polluting key", `{"__proto__":{"a":"x"}}`],
  ["a polluting key in a row", `{"rows":[{"constructor":{"prototype":{"a":1}}}]}`],
  ["a hundred thousand rows", `{"rows":[${Array.from({ length: 100_000 }, () => "{}").join()}]}`],
  ["2,000 levels", JSON.stringify(deep)],
  ["a hundred thousand levels", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
  ["an infinite number", `{"n":1e400}`],
  ["half a character", String.raw`{"a":"\ud800"}`],
  ["a NUL", String.raw`{"a":"\u0000"}`],
  ["what isn't JSON", `{"a":`],
])("answers with %s aren't kept", async ([, answers]) => {
  const formId = await begin();
  const text = { type: "string" };
  const rows = { type: "array", items: { type: "object", properties: { a: text } } };
  await save(
    formId,
    JSON.stringify({ schema: { type: "object", properties: { a: text, n: { type: "number" }, rows } } }),
  );
  await publish(formId);
  const body = `{"version":1,"answers":${answers}}`;
  const refused = await send("POST", `${formId}/answers`, body, { "idempotency-key": `bad-${count}` });
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(refused.status).toBeLessThan(500);
  expect((await owner.api.forms.listAnswers({ formId })).items).toEqual([]);
  expect(Reflect.get({}, "a")).toBeUndefined();
});

test("of thousands of wrong fields a hundred are named", async () => {
  const formId = await begin();
  const names = Array.from({ length: 20 }, (_, n) => `f${n}`);
  const row = { type: "object", properties: Object.fromEntries(names.map((name) => [name, { type: "integer" }])) };
  await save(
    formId,
    JSON.stringify({ schema: { type: "object", properties: { rows: { type: "array", items: row } } } }),
  );
  await publish(formId);
  const wrong = Object.fromEntries(names.map((name) => [name, "x"]));
  const body = JSON.stringify({ version: 1, answers: { rows: Array.from({ length: 1000 }, () => wrong) } });
  const refused = await send("POST", `${formId}/answers`, body, { "idempotency-key": "many" });
  expect(refused).toMatchObject({ status: 422, code: "forms.wrong_answers" });
  expect(refused.errors).toHaveLength(100);
});

test.for([2 ** 31, Number.MAX_SAFE_INTEGER])("a version of the number %d is none", async (version) => {
  const formId = await begin();
  await save(formId, property({ type: "string" }));
  await publish(formId);
  const answered = await send("POST", `${formId}/answers`, JSON.stringify({ version, answers: {} }), {
    "idempotency-key": `v${version}`,
  });
  const taken = await send("POST", `${formId}/draft/take-back`, JSON.stringify({ number: version }), {
    "if-match": `"2"`,
  });
  for (const { status } of [answered, taken]) expect([400, 404, 422]).toContain(status);
});
