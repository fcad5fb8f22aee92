import { expect, test } from "vitest";
import type { PushConfig } from "../world/model.ts";
import { decrypt, sign } from "./crypto.ts";
import { type Field, wrap, writeMessage } from "./envelope.ts";

const fields: Field[] = [
  { name: "ToUserName", text: "gh_lantern" },
  { name: "Content", text: "a ]]> b" },
  { name: "SendLocationInfo", children: [{ name: "Label", text: "上海" }] },
  { name: "MsgId", number: "24905611300007919" },
];

function wrapped(mode: PushConfig["mode"], format: PushConfig["format"]): ReturnType<typeof wrap> {
  const push = { url: "http://127.0.0.1/", token: "lantern", encodingAesKey: "k".repeat(43), mode, format };
  const options = { appid: "wx1", timestamp: 1700000000, nonce: "9", random: Buffer.alloc(16, 1), openid: "oTea" };
  return wrap(fields, push, options);
}

test("XML: texts in CDATA, numbers bare, parts inside parts", () => {
  expect(writeMessage(fields, "xml").replaceAll("\n", "")).toBe(
    "<xml><ToUserName><![CDATA[gh_lantern]]></ToUserName><Content><![CDATA[a ]]]]><![CDATA[> b]]></Content>" +
      "<SendLocationInfo><Label><![CDATA[上海]]></Label></SendLocationInfo><MsgId>24905611300007919</MsgId></xml>",
  );
});

test("JSON: the same, with all digits", () => {
  expect(writeMessage(fields, "json")).toBe(
    '{"ToUserName":"gh_lantern","Content":"a ]]> b","SendLocationInfo":{"Label":"上海"},"MsgId":24905611300007919}',
  );
});

test("plain mode signs the url and encrypts nothing", () => {
  const { query, body } = wrapped("plain", "xml");
  expect([...query.keys()]).toEqual(["signature", "timestamp", "nonce", "openid"]);
  expect(query.get("signature")).toBe(sign(["lantern", "1700000000", "9"]));
  expect(body).toBe(writeMessage(fields, "xml"));
});

test.each(["xml", "json"] as const)("safe mode shows the receiver only; compatible mode shows all (%s)", (format) => {
  const safe = wrapped("safe", format);
  expect(safe.body).toContain("gh_lantern");
  expect(safe.body).not.toContain("MsgId");
  const compatible = wrapped("compatible", format);
  expect(compatible.body).toContain("24905611300007919");
  for (const { body, query } of [safe, compatible]) {
    const encrypted = /Encrypt(?:"|><!\[CDATA\[)[:"]*([A-Za-z0-9+/=]+)/.exec(body)?.[1] ?? "";
    expect(decrypt(encrypted, "k".repeat(43))).toEqual({ message: writeMessage(fields, format), appid: "wx1" });
    expect(query.get("msg_signature")).toBe(sign(["lantern", "1700000000", "9", encrypted]));
  }
});
