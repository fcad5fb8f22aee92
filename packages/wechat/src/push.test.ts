import { decrypt, encrypt, getSignature } from "@wecom/crypto";
import { XMLParser } from "fast-xml-parser";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encryptMessage } from "./cipher.ts";
import { openPush, PushRefused, sealEnvelope, sealReply, verifyUrl } from "./push.ts";
import type { PushKeys, PushToOpen } from "./push.ts";
import type { PassiveReply } from "./reply.ts";
import { sign } from "./signature.ts";

const encodingAesKey = "A".repeat(43);
const appId = "wxba5fad812f8e6fb9";
const token = "AAAAA";
const plainKeys: PushKeys = { appId, token, mode: "plain" };
const safeKeys: PushKeys = { appId, token, encodingAesKey, mode: "safe" };
const compatibleKeys: PushKeys = { ...safeKeys, mode: "compatible" };
const timestamp = "1714112445";
const nonce = "415670741";
const now = new Date(1_714_112_445_000);
const textXml =
  "<xml><ToUserName><![CDATA[gh_lantern]]></ToUserName><FromUserName><![CDATA[oGuest]]></FromUserName>" +
  "<CreateTime>1714112445</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好]]></Content>" +
  "<MsgId>24536487234598761</MsgId></xml>";

/** A plain push as WeChat signs it. */
function plainPush(body: string, changes: Partial<PushToOpen> = {}): PushToOpen {
  const query = { signature: sign(token, timestamp, nonce), timestamp, nonce, openid: "oGuest" };
  return { query, body: Buffer.from(body), keys: plainKeys, now, toleranceSeconds: 300, ...changes };
}

/** An encrypted push, made with an independent implementation. `beside` are plain fields, as in compatible mode. */
function sealedPush(inner: string, changes: Partial<PushToOpen> = {}, beside = ""): PushToOpen {
  const encrypted = encrypt(encodingAesKey, inner, appId);
  const query = {
    signature: sign(token, timestamp, nonce),
    timestamp,
    nonce,
    encrypt_type: "aes",
    msg_signature: getSignature(token, timestamp, nonce, encrypted),
  };
  const body = `<xml>${beside}<Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`;
  return { query, body: Buffer.from(body), keys: safeKeys, now, toleranceSeconds: 300, ...changes };
}

function refusal(push: PushToOpen): string {
  try {
    openPush(push);
  } catch (error) {
    if (error instanceof PushRefused) return error.reason;
    throw error;
  }
  return "none";
}

describe("the URL check", () => {
  const query = {
    signature: "f464b24fc39322e44b38aa78f5edd27bd1441696",
    echostr: "4375120948345356249",
    timestamp: "1714036504",
    nonce: "1514711492",
  };

  test("echoes the documentation's own request", () => {
    expect(verifyUrl(query, { token: "AAAAA" })).toBe("4375120948345356249");
  });

  test("refuses another token, a missing or doubled parameter, and a timestamp cut anew", () => {
    const attempt =
      (changes: Record<string, unknown>, its = "AAAAA") =>
      () =>
        verifyUrl({ ...query, ...changes }, { token: its });
    expect(attempt({}, "BBBBB")).toThrow(expect.objectContaining({ reason: "signature" }));
    expect(attempt({ echostr: undefined })).toThrow(expect.objectContaining({ reason: "missing_field" }));
    expect(attempt({ signature: [query.signature, query.signature] })).toThrow(
      expect.objectContaining({ reason: "malformed" }),
    );
    // The same characters in the same order, hence the same signature.
    expect(sign("AAAAA", "15147114921", "714036504")).toBe(query.signature);
    expect(attempt({ timestamp: "15147114921", nonce: "714036504" })).toThrow(
      expect.objectContaining({ reason: "malformed" }),
    );
  });
});

describe("plain mode", () => {
  test("opens a text in XML and in JSON, ids whole", () => {
    const opened = openPush(plainPush(textXml));
    expect(opened).toMatchObject({
      format: "xml",
      encrypted: false,
      message: { type: "text", content: "你好", msgId: "24536487234598761" },
    });
    const json =
      '{"ToUserName":"gh_lantern","FromUserName":"oGuest","CreateTime":1714112445,' +
      '"MsgType":"text","Content":"茶","MsgId":24536487234598761}';
    expect(openPush(plainPush(json))).toMatchObject({
      format: "json",
      message: { content: "茶", msgId: "24536487234598761" },
    });
  });

  test("opens the documentation's own event", () => {
    const query = {
      signature: "899cf89e464efb63f54ddac96b0a0a235f53aa78",
      timestamp: "1714037059",
      nonce: "486452656",
    };
    const body = JSON.stringify({
      ToUserName: "gh_97417a04a28d",
      FromUserName: "o9AgO5Kd5ggOC-bXrbNODIiE3bGY",
      CreateTime: 1714037059,
      MsgType: "event",
      Event: "debug_demo",
      debug_str: "hello world",
    });
    const opened = openPush(plainPush(body, { query, now: new Date(1_714_037_059_000) }));
    expect(opened.message).toMatchObject({
      type: "unknown",
      event: "debug_demo",
      fields: { debug_str: "hello world" },
    });
  });

  test("refuses a wrong signature, an old and an early push", () => {
    expect(refusal(plainPush(textXml, { keys: { ...plainKeys, token: "other" } }))).toBe("signature");
    expect(refusal(plainPush(textXml, { now: new Date(now.getTime() + 300_000) }))).toBe("none");
    expect(refusal(plainPush(textXml, { now: new Date(now.getTime() + 301_000) }))).toBe("stale");
    expect(refusal(plainPush(textXml, { now: new Date(now.getTime() - 301_000) }))).toBe("stale");
  });

  test("refuses an encrypted push and one for another account", () => {
    expect(refusal(sealedPush(textXml, { keys: plainKeys }))).toBe("wrong_mode");
    expect(refusal(plainPush(textXml, { keys: { ...plainKeys, originalId: "gh_lantern" } }))).toBe("none");
    expect(refusal(plainPush(textXml, { keys: { ...plainKeys, originalId: "gh_other" } }))).toBe("wrong_app");
  });

  test("names what is wrong with a body", () => {
    expect(refusal(plainPush(""))).toBe("malformed");
    expect(refusal(plainPush("a=b", { contentType: "application/x-www-form-urlencoded" }))).toBe("malformed");
    expect(refusal(plainPush('<!DOCTYPE x [<!ENTITY a "b">]><xml><A>&a;</A></xml>'))).toBe("entities");
    expect(refusal(plainPush("<xml>" + " ".repeat(1_048_576) + "</xml>"))).toBe("too_large");
    expect(refusal(plainPush(textXml.slice(0, -10)))).toBe("malformed");
    expect(refusal(plainPush(textXml.replace("你好", "\0")))).toBe("malformed");
    expect(refusal(plainPush(textXml.replace("</xml>", "<FromUserName>oOther</FromUserName></xml>")))).toBe(
      "malformed",
    );
    expect(refusal(plainPush(textXml.replace(/<MsgId>.*<\/MsgId>/, "")))).toBe("missing_field");
  });
});

describe("safe and compatible mode", () => {
  test("opens the documentation's own encrypted push", () => {
    const encrypted =
      "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVza" +
      "zhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwK" +
      "SqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=";
    const query = { timestamp, nonce, encrypt_type: "aes", msg_signature: "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3" };
    const body = JSON.stringify({ ToUserName: "gh_97417a04a28d", Encrypt: encrypted });
    const opened = openPush(sealedPush("", { query, body: Buffer.from(body) }));
    expect(opened).toMatchObject({
      format: "json",
      encrypted: true,
      message: { event: "debug_demo", fields: { debug_str: "hello world" } },
    });
  });

  test("trusts the encrypted part only", () => {
    const beside = "<ToUserName>gh_evil</ToUserName><FromUserName>oEvil</FromUserName><Content>evil</Content>";
    for (const keys of [compatibleKeys, safeKeys]) {
      const { message } = openPush(sealedPush(textXml, { keys }, beside));
      expect(message).toMatchObject({ toUserName: "gh_lantern", fromUserName: "oGuest", content: "你好" });
    }
  });

  test("a push without the encrypted part or its signature is refused", () => {
    expect(refusal(plainPush(textXml, { keys: compatibleKeys }))).toBe("wrong_mode");
    expect(refusal(plainPush(textXml, { keys: safeKeys }))).toBe("wrong_mode");
    const sealed = sealedPush(textXml);
    expect(refusal({ ...sealed, query: { ...sealed.query, msg_signature: undefined } })).toBe("wrong_mode");
    expect(refusal({ ...sealed, query: { ...sealed.query, msg_signature: sealed.query["signature"] } })).toBe(
      "signature",
    );
  });

  test("our wrong key, another's key and another's app are told apart", () => {
    expect(refusal(sealedPush(textXml, { keys: { appId, token, mode: "safe" } }))).toBe("bad_key");
    expect(refusal(sealedPush(textXml, { keys: { ...safeKeys, encodingAesKey: "B".repeat(43) } }))).toBe(
      "undecryptable",
    );
    expect(refusal(sealedPush(textXml, { keys: { ...safeKeys, appId: "wx0000000000000000" } }))).toBe("wrong_app");
    expect(refusal(sealedPush(textXml, { now: new Date(now.getTime() + 301_000) }))).toBe("stale");
    expect(refusal(sealedPush("<xml>"))).toBe("malformed");
    expect(refusal(sealedPush("<!DOCTYPE x []><xml><A>a</A></xml>"))).toBe("entities");
  });

  test("no changed bit of the ciphertext gets through", () => {
    const sealed = sealedPush(textXml);
    const source = Buffer.from(sealed.body).toString();
    const encrypted = /CDATA\[(.*?)\]/.exec(source)?.[1] ?? "";
    const bytes = Buffer.from(encrypted, "base64");
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const body = Buffer.from(source.replace(encrypted, changed.toString("base64")));
        expect(refusal({ ...sealed, body })).toBe("signature");
      }),
    );
  });

  test("any text comes through", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (content) => {
        const inner = JSON.stringify({
          ToUserName: "g",
          FromUserName: "o",
          CreateTime: 1,
          MsgType: "text",
          MsgId: 1,
          Content: content,
        });
        fc.pre(!content.includes("\0"));
        expect(openPush(sealedPush(inner)).message).toMatchObject({ content });
      }),
    );
  });
});

describe("the passive reply", () => {
  const parser = new XMLParser({ parseTagValue: false });
  const replies: readonly [PassiveReply, object][] = [
    [
      { type: "text", content: "你好 <&]]>" },
      { MsgType: "text", Content: "你好 <&]]>" },
    ],
    [
      { type: "image", mediaId: "m" },
      { MsgType: "image", Image: { MediaId: "m" } },
    ],
    [
      { type: "voice", mediaId: "m" },
      { MsgType: "voice", Voice: { MediaId: "m" } },
    ],
    [
      { type: "video", mediaId: "m", title: "t" },
      { MsgType: "video", Video: { MediaId: "m", Title: "t" } },
    ],
    [
      { type: "music", thumbMediaId: "m", musicUrl: "http://u" },
      { MsgType: "music", Music: { MusicUrl: "http://u", ThumbMediaId: "m" } },
    ],
  ];

  test.each(replies)("%o is written to the sender in XML and JSON", (reply, expected) => {
    const opened = openPush(plainPush(textXml));
    const xml = sealReply({ push: opened, reply, keys: plainKeys, now });
    const head = { ToUserName: "oGuest", FromUserName: "gh_lantern" };
    expect(parser.parse(xml.body)).toEqual({ xml: { ...head, CreateTime: "1714112445", ...expected } });
    const json = sealReply({ push: { ...opened, format: "json" }, reply, keys: plainKeys, now });
    expect(JSON.parse(json.body)).toEqual({ ...head, CreateTime: 1714112445, ...expected });
    expect([xml.contentType, json.contentType]).toEqual([
      "application/xml; charset=utf-8",
      "application/json; charset=utf-8",
    ]);
  });

  test("news lists its articles, one to eight", () => {
    const article = { title: "新茶", description: "", picUrl: "http://p", url: "http://u" };
    const push = openPush(plainPush(textXml));
    const seal = (count: number) =>
      sealReply({
        push,
        reply: { type: "news", articles: Array.from({ length: count }, () => article) },
        keys: plainKeys,
        now,
      });
    const written = { Title: "新茶", Description: "", PicUrl: "http://p", Url: "http://u" };
    expect(parser.parse(seal(2).body)).toMatchObject({
      xml: { ArticleCount: "2", Articles: { item: [written, written] } },
    });
    expect(() => seal(0)).toThrow(RangeError);
    expect(() => seal(9)).toThrow(RangeError);
  });

  test("is encrypted when the push was, readable and verifiable for an independent implementation", () => {
    const push = openPush(sealedPush(textXml));
    const { body } = sealReply({ push, reply: { type: "text", content: "好茶" }, keys: safeKeys, now });
    const { xml } = parser.parse(body) as { xml: Record<string, string> };
    expect(xml["Nonce"]).toBe(nonce);
    expect(xml["MsgSignature"]).toBe(getSignature(token, xml["TimeStamp"] ?? "", nonce, xml["Encrypt"] ?? ""));
    const { message, id } = decrypt(encodingAesKey, xml["Encrypt"] ?? "");
    expect(id).toBe(appId);
    expect(parser.parse(message)).toMatchObject({ xml: { ToUserName: "oGuest", Content: "好茶" } });
  });

  test("the envelope is the documentation's own", () => {
    const encrypted = encryptMessage(
      '{"demo_resp":"good luck"}',
      { appId, encodingAesKey },
      Buffer.from("707722b803182950"),
    );
    expect(JSON.parse(sealEnvelope(encrypted, { token, timestampSeconds: 1713424427, nonce, format: "json" }))).toEqual(
      {
        Encrypt: "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==",
        MsgSignature: "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1",
        TimeStamp: 1713424427,
        Nonce: "415670741",
      },
    );
  });

  test("no reply is the bare word in every mode", () => {
    for (const push of [openPush(plainPush(textXml)), openPush(sealedPush(textXml))]) {
      expect(sealReply({ push, reply: { type: "none" }, keys: safeKeys, now })).toEqual({
        body: "success",
        contentType: "text/plain; charset=utf-8",
      });
    }
  });
});
