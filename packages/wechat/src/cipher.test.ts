import { decrypt, encrypt } from "@wecom/crypto";
import { createCipheriv } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CipherError, decryptMessage, encryptMessage } from "./cipher.ts";

const encodingAesKey = "A".repeat(43);
const appId = "wxba5fad812f8e6fb9";
const keys = { appId, encodingAesKey };

const arbitraryKey = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => {
  return Buffer.from(bytes).toString("base64").slice(0, 43);
});
const arbitraryText = fc.string({ unit: "binary", maxLength: 400 });
const arbitraryAppId = fc.string({ unit: "grapheme-ascii", maxLength: 64 });

function reasonOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof CipherError) return error.reason;
    throw error;
  }
  return "none";
}

test("encrypts the documentation's reply to the documented ciphertext", () => {
  const encrypted = encryptMessage('{"demo_resp":"good luck"}', keys, Buffer.from("707722b803182950"));
  expect(encrypted).toBe("ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==");
});

test("any message for any appid comes back, here and from an independent implementation", () => {
  fc.assert(
    fc.property(arbitraryText, arbitraryAppId, arbitraryKey, (message, app, key) => {
      const here = { appId: app, encodingAesKey: key };
      expect(decryptMessage(encryptMessage(message, here), here).toString()).toBe(message);
      expect(decryptMessage(encrypt(key, message, app), here).toString()).toBe(message);
      const there = decrypt(key, encryptMessage(message, here));
      expect({ message: there.message, id: there.id }).toEqual({ message, id: app });
    }),
  );
});

test("one message never gives the same ciphertext twice", () => {
  expect(encryptMessage("tea", keys)).not.toBe(encryptMessage("tea", keys));
});

test("each damage has its own reason", () => {
  const sealed = encryptMessage("灯笼茶", keys);
  expect(reasonOf(() => decryptMessage(sealed, { appId, encodingAesKey: "A".repeat(42) }))).toBe("bad_key");
  expect(reasonOf(() => encryptMessage("tea", { appId, encodingAesKey: `${"A".repeat(42)}!` }))).toBe("bad_key");
  expect(reasonOf(() => decryptMessage(sealed, { appId: "wx0000000000000000", encodingAesKey }))).toBe("wrong_app");
  expect(reasonOf(() => decryptMessage(sealed, { appId: `${appId}0`, encodingAesKey }))).toBe("wrong_app");
  expect(reasonOf(() => decryptMessage(sealed, { appId: appId.slice(1), encodingAesKey }))).toBe("wrong_app");
  expect(reasonOf(() => decryptMessage("not Base64!", keys))).toBe("malformed");
  expect(reasonOf(() => decryptMessage("", keys))).toBe("truncated");
  expect(reasonOf(() => decryptMessage(Buffer.from(sealed, "base64").subarray(0, 40).toString("base64"), keys))).toBe(
    "truncated",
  );
});

test("a length beyond the end and a message without a head are truncated, padding out of range is bad", () => {
  const key = Buffer.from(`${encodingAesKey}=`, "base64");
  const sealRaw = (plain: Buffer): string => {
    const cipher = createCipheriv("aes-256-cbc", key, key.subarray(0, 16)).setAutoPadding(false);
    return Buffer.concat([cipher.update(plain), cipher.final()]).toString("base64");
  };
  const tooLong = Buffer.concat([Buffer.alloc(16), Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.alloc(12, 12)]);
  expect(reasonOf(() => decryptMessage(sealRaw(tooLong), keys))).toBe("truncated");
  expect(reasonOf(() => decryptMessage(sealRaw(Buffer.alloc(32, 32)), keys))).toBe("truncated");
  expect(reasonOf(() => decryptMessage(sealRaw(Buffer.alloc(32, 0)), keys))).toBe("bad_padding");
  expect(reasonOf(() => decryptMessage(sealRaw(Buffer.alloc(64, 33)), keys))).toBe("bad_padding");
  expect(reasonOf(() => decryptMessage(sealRaw(Buffer.from([...Buffer.alloc(31), 2])), keys))).toBe("bad_padding");
});

test("another key never gives the message", () => {
  fc.assert(
    fc.property(arbitraryText, arbitraryKey, (message, otherKey) => {
      fc.pre(otherKey !== encodingAesKey);
      expect(
        reasonOf(() => decryptMessage(encryptMessage(message, keys), { appId, encodingAesKey: otherKey })),
      ).not.toBe("none");
    }),
  );
});
