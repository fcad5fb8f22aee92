import { Writable } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createLog, type Logger } from "./log.ts";
import { mask } from "./mask.ts";

function open(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  return { log: createLog("info", { write: (line) => lines.push(line) }), lines };
}

const openid = "oDF3iY9ffA-hqb2vVvbr7qxf6A0Q";
const unionid = "o6_bmasdasdsad6_2sgVt7hMZOPf";

test("secrets are redacted wherever they stand", () => {
  const { log, lines } = open();
  log.info(
    { password: "p4ss", body: { appSecret: "s3cret", deep: { accessToken: "t0ken" } }, login: "owner" },
    "hello",
  );
  log.info({
    currentPassword: "p4ss",
    SECRET_KEYS: ["s3cret"],
    headers: { Authorization: "t0ken", "set-cookie": ["s3cret"] },
    deep: { deep: { deep: { deep: { refresh_token: "t0ken" } } } },
    sentence: "could not reach postgres://zhanggui:p4ss@127.0.0.1/zhanggui",
    auth: { user: "tea", pass: "p4ss" },
    code2session: { session_key: "s3cret", sessionKey: "s3cret" },
    pay: { apiV3Key: "s3cret", mchKey: "s3cret", privateKey: "s3cret" },
  });
  const failed = new Error("no way to smtp://someone:p4ss@mail.example", { cause: new Error("p4ss: s3cret") });
  log.error({ err: Object.assign(failed, { config: { appSecret: "s3cret" }, cause: undefined }) }, "it failed");
  expect(lines.join()).not.toMatch(/p4ss|s3cret|t0ken/);
  expect(JSON.parse(lines[0]!)).toMatchObject({ login: "owner", message: "hello", password: "[redacted]" });
});

test.each([
  ["call 13812345678 now", "call 138****5678 now"],
  ["+86 138-1234-5678, 008613812345678", "138****5678, 138****5678"],
  ["tel:+447911123456", "tel:479****3456"],
  ["0755-12345678", "755****5678"],
  ["?mobile=%2B8613812345678&x=1", "?mobile=%2B138****5678&x=1"],
  ["line\n13812345678\\n13812345678", "line\n138****5678\\n138****5678"],
  ["Key (login)=(owner@lantern-tea.example) exists", "Key (login)=(o***@lantern-tea.example) exists"],
  ["/find?mail=he%40lantern-tea.example", "/find?mail=h***%40lantern-tea.example"],
  [`<FromUserName><![CDATA[${openid}]]></FromUserName>`, "<FromUserName><![CDATA[oDF3***6A0Q]]></FromUserName>"],
  [`unionid ${unionid}.`, "unionid o6_b***ZOPf."],
  ["wmAbCdEfGhIjKlMnOpQrStUvWxYz0123", "wmAb***0123"],
  ["https://api.example/token?appid=wx1&secret=abc&x=1", "https://api.example/token?appid=wx1&secret=[redacted]&x=1"],
  ['{"password":"a \\"b\\" c","login":"x"}', '{"password":"[redacted]","login":"x"}'],
  ['{\\"appSecret\\":\\"a b\\",\\"x\\":1}', '{\\"appSecret\\":\\"[redacted]\\",\\"x\\":1}'],
  ["密码：abc123 登录失败", "密码：[redacted] 登录失败"],
  ["Authorization: Basic dGVhOnRlYQ==\r\nhost: x", "Authorization: [redacted]\r\nhost: x"],
  ["sent Bearer abcdefghijklmnop.q", "sent [redacted]"],
  ['{"session_key":"tiihtNczf5v6AKRyjwEUhQ==","x":1}', '{"session_key":"[redacted]","x":1}'],
  ["apiV3Key=0123456789abcdef, x", "apiV3Key=[redacted] x"],
  ["key -----BEGIN PRIVATE KEY-----\nMIIE\nvQIB\n-----END PRIVATE KEY-----\nx", "key [redacted]\nx"],
  ["cut: -----BEGIN RSA PRIVATE KEY-----\nMIIE", "cut: [redacted]"],
  ["got eyJhbGciOiJI.eyJzdWIiOiIx.c2ln here", "got [redacted] here"],
  ["postgres://u:p@ss@host/db", "postgres://[redacted]@host/db"],
])("%s", (text, masked) => {
  expect(mask(text)).toBe(masked);
});

test.each([
  "0198a7c1-1381-7234-9567-138123456789",
  "a13812345678bcdef0138123456789ab",
  "2026-11-24T13:45:02.123Z",
  "1732453502000",
  "invalid credential, access_token is invalid or not latest",
  "at Object.openDatabase (file:///srv/zhanggui/dist/main.js:13812:34)",
  "GET /api/people/0198a7c1-1381-7234-9567-138123456789/timeline",
  "Unexpected token '<', \"<!doctype \"... is not valid JSON",
])("left as it is: %s", (text) => {
  expect(mask(text)).toBe(text);
});

test("a phone number is masked in whatever it is written into", () => {
  const around = fc.string({ unit: fc.constantFrom(...Array.from(" ,;:()[]{}<>\"'\n\t/=&?#你好。，")) });
  fc.assert(
    fc.property(around, around, fc.stringMatching(/^1[3-9]\d{9}$/), (before, after, phone) => {
      expect(mask(`${before}${phone}${after}`)).not.toContain(phone);
    }),
  );
});

test("masking a text of any kind takes a time that grows with its length, not with its square", () => {
  // Each would take minutes if a pattern went back over what it had read.
  for (const piece of ["a.", "a@", "1", "o", "password=\\", "x://", '"', "a-", "%40", " ", "密码:", "1381234567"]) {
    expect(mask(piece.repeat(40_000)).length).toBeGreaterThan(0);
  }
});

test("messages, their fillings, children, errors, causes and gathered errors are masked too", () => {
  const { log, lines } = open();
  const phone = "13812345678";
  log.info(`sent to ${phone}`);
  log.info("sent to %s and %j", phone, { to: phone });
  log
    .child({ phone })
    .child({ mail: "he@tea.example" })
    .warn({ numbers: new Set([phone]), raw: 13_812_345_678 }, "x");
  const root = Object.assign(new Error(`cause ${phone}`), { detail: `Failing row contains (${phone}, ${openid}).` });
  log.error(new Error(`outer ${phone}`, { cause: new AggregateError([root], `all of ${phone}`) }));
  log.error({ err: root });
  log.error({ err: root }, "with a message");
  const all = lines.join("");
  expect(lines.length).toBe(6);
  expect(all).not.toContain(phone);
  expect(all).not.toContain(openid);
  expect(all).not.toContain("he@tea");
  expect(JSON.parse(lines[3]!)).toMatchObject({
    message: "outer 138****5678",
    err: { type: "Error", cause: { type: "AggregateError", errors: [{ detail: expect.stringContaining("oDF3***") }] } },
  });
});

test("circles, bytes, deep and wide values end, and what knows how to show itself is asked", () => {
  const { log, lines } = open();
  const circle: Record<string, unknown> = { name: "tea" };
  circle["self"] = circle;
  let deep: unknown = "bottom";
  for (let i = 0; i < 30; i++) deep = { deep };
  const failed: Error & { own?: unknown } = new Error("x");
  failed.own = failed;
  failed.cause = failed;
  const when = new Date(0);
  log.info({ circle, deep, failed, bytes: Buffer.alloc(9), wide: Array.from({ length: 5_000 }, () => 1), when });
  log.info({
    url: new URL("https://u:p@tea.example/?token=abc"),
    text: "x".repeat(100_000),
    none: null,
    no: undefined,
  });
  const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(first).toMatchObject({
    circle: { name: "tea", self: "[circular]" },
    failed: { message: "x", own: "[circular]", cause: "[circular]" },
    bytes: "[9 bytes]",
    when: "1970-01-01T00:00:00.000Z",
  });
  expect(lines[0]!.length).toBeLessThan(5_000);
  expect(second).toMatchObject({ url: "https://[redacted]@tea.example/?token=[redacted]", none: null });
  expect(lines[1]!.length).toBeLessThan(25_000);
});

test("a stream of Node's own takes the lines", () => {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  createLog("warn", stream).info("too quiet");
  createLog("warn", stream).warn("heard");
  expect(chunks.map((chunk) => (JSON.parse(chunk) as { message: string }).message)).toEqual(["heard"]);
});
