import * as wecom from "@wecom/crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CipherProblem, decrypt, encrypt, isEncodingAesKey, sign } from "./crypto.ts";

// The example of the encryption page, developers.weixin.qq.com/doc/service/guide/dev/push/encryption.
const page = {
  token: "AAAAA",
  encodingAesKey: "A".repeat(43),
  appid: "wxba5fad812f8e6fb9",
  encrypted:
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR" +
    "8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km3" +
    "2IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=",
};

test.each([
  ["1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696"],
  ["1714037059", "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78"],
])("signature: the published example of %s", (timestamp, nonce, signature) => {
  expect(sign([page.token, timestamp, nonce])).toBe(signature);
});

test("msg_signature: the published example", () => {
  expect(sign([page.token, "1714112445", "415670741", page.encrypted])).toBe(
    "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
  );
});

test("decrypts the published push", () => {
  const { message, appid } = decrypt(page.encrypted, page.encodingAesKey);
  expect(appid).toBe(page.appid);
  expect(JSON.parse(message)).toMatchObject({ Event: "debug_demo", debug_str: "hello world", CreateTime: 1714112445 });
});

test("encrypts the published reply", () => {
  const encrypted = encrypt('{"demo_resp":"good luck"}', { ...page, random: Buffer.from("707722b803182950") });
  expect(encrypted).toBe("ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==");
});

const key = fc.stringMatching(/^[A-Za-z0-9]{43}$/);
const anyText = fc.string({ unit: "grapheme", maxLength: 200 });

test("any text survives encryption here and decryption by @wecom/crypto, and the other way round", () => {
  fc.assert(
    fc.property(key, anyText, fc.uint8Array({ minLength: 16, maxLength: 16 }), (encodingAesKey, message, bytes) => {
      const random = Buffer.from(bytes);
      const ours = encrypt(message, { encodingAesKey, appid: page.appid, random });
      expect(wecom.decrypt(encodingAesKey, ours)).toMatchObject({ message, id: page.appid });
      const theirs = wecom.encrypt(encodingAesKey, message, page.appid, random);
      expect(decrypt(theirs, encodingAesKey)).toEqual({ message, appid: page.appid });
    }),
  );
});

test.each([
  ["nothing", ""],
  ["half a block", Buffer.alloc(8).toString("base64")],
  ["zeros", Buffer.alloc(64).toString("base64")],
])("%s isn't a message", (_name, encrypted) => {
  expect(() => decrypt(encrypted, page.encodingAesKey)).toThrow(CipherProblem);
});

test("an EncodingAESKey has 43 letters and digits", () => {
  expect(isEncodingAesKey(page.encodingAesKey)).toBe(true);
  expect(isEncodingAesKey("A".repeat(42))).toBe(false);
  expect(isEncodingAesKey(`${"A".repeat(42)}=`)).toBe(false);
});
