import { TemplateItem, MailItem } from "@zhanggui/server/engines/messaging/messaging.contract";
import { expect, test } from "vitest";
import { type Draft, draftOf, itemOf, previewOf, problemsOf } from "./scene.ts";

const template: Draft = {
  channel: "wechat_template",
  templateId: "T1",
  url: " https://example.com/a ",
  fields: [{ name: "thing1", value: "{{ person.displayName }}" }],
};

test("a draft becomes what the contract takes, and comes back as it was", () => {
  const item = itemOf(template);
  expect(TemplateItem.parse(item)).toEqual(item);
  expect(draftOf(item)).toEqual({ ...template, url: "https://example.com/a" });
  const mail: Draft = { channel: "mail", to: "leader", subject: "新客户", text: "来了" };
  expect(MailItem.parse(itemOf(mail))).toEqual(mail);
});

test("an empty link is left out, so that the contract does not refuse it", () => {
  expect(itemOf({ ...template, url: "" })).not.toHaveProperty("url");
});

test("a preview fills the names it knows and shows the rest as written", () => {
  const values = { "person.displayName": "小满" };
  expect(previewOf("{{ person.displayName }}，{{person.displayName}}", values)).toBe("小满，小满");
  expect(previewOf("{{ person.age }} {{ person.displayName | upcase }}", values)).toBe(
    "{{ person.age }} {{ person.displayName | upcase }}",
  );
});

test.for([
  ["https://example.com/a", true],
  ["http://example.com", true],
  ["javascript:alert(1)", false],
  ["ftp://example.com", false],
  ["example.com", false],
] as const)("the link %s is taken: %s", ([url, isTaken]) => {
  expect(problemsOf({ ...template, url })).toEqual(isTaken ? [] : [{ field: "url", kind: "url" }]);
});

test("what is missing is named", () => {
  expect(problemsOf(template)).toEqual([]);
  const fields = [{ name: "", value: " " }];
  expect(problemsOf({ ...template, templateId: "", url: "example", fields }).map(({ field }) => field)).toEqual([
    "templateId",
    "name0",
    "value0",
    "url",
  ]);
});
