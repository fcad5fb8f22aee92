import { expect, test } from "vitest";
import { contentOf, previewOf } from "./scene.ts";

const values = { "person.displayName": "小满" };

test("a preview fills the names it knows and shows the rest as written", () => {
  expect(previewOf("{{ person.displayName }}，{{person.displayName}}", values)).toBe("小满，小满");
  expect(previewOf("{{ person.age }} {{ person.displayName | upcase }}", values)).toBe(
    "{{ person.age }} {{ person.displayName | upcase }}",
  );
});

test("a message is shown as far as it is typed", () => {
  expect(contentOf({}, values)).toEqual({ data: {} });
  expect(contentOf({ channel: "mail", subject: "{{ person.displayName }}来了" }, values)).toEqual({
    subject: "小满来了",
    text: "",
  });
  const template = { channel: "wechat_template", data: { thing1: "{{ person.displayName }}" } };
  expect(contentOf({ ...template, url: "https://example.com/a" }, values)).toEqual({
    data: { thing1: "小满" },
    url: "https://example.com/a",
  });
});
