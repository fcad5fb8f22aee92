import type { PushConfig, PushFormat } from "../world/model.ts";
import { encrypt, sign } from "./crypto.ts";

/** One element of a pushed message. Numbers are kept as text: MsgId needs 64 bits. */
export type Field =
  | { name: string; text: string }
  | { name: string; number: string }
  /** `isOpenInJson`: in JSON its children stand in its place. */
  | { name: string; children: Field[]; isOpenInJson?: boolean };

/** Writes fields in the account's data format. */
export function writeMessage(fields: readonly Field[], format: PushFormat): string {
  return format === "xml" ? `<xml>${fields.map(writeXml).join("\n")}</xml>` : writeJson(fields);
}

function writeXml(field: Field): string {
  if ("children" in field) return `<${field.name}>${field.children.map(writeXml).join("")}</${field.name}>`;
  if ("number" in field) return `<${field.name}>${field.number}</${field.name}>`;
  return `<${field.name}>${cdata(field.text)}</${field.name}>`;
}

function cdata(text: string): string {
  return `<![CDATA[${text.replaceAll("]]>", "]]]]><![CDATA[>")}]]>`;
}

function writeJson(fields: readonly Field[]): string {
  const byName = new Map<string, Field[]>();
  const opened = fields.flatMap((field) =>
    "children" in field && field.isOpenInJson === true ? field.children : [field],
  );
  for (const field of opened) byName.set(field.name, [...(byName.get(field.name) ?? []), field]);
  // Elements of one name, and whatever is called `item`, are a list.
  const members = [...byName].map(([name, same]) => {
    const values = same.map(jsonValue).join(",");
    return `${JSON.stringify(name)}:${same.length > 1 || name === "item" ? `[${values}]` : values}`;
  });
  return `{${members.join(",")}}`;
}

function jsonValue(field: Field): string {
  if ("children" in field) return writeJson(field.children);
  return "number" in field ? field.number : JSON.stringify(field.text);
}

export interface Envelope {
  query: URLSearchParams;
  body: string;
  contentType: string;
}

/**
 * Signs a message and wraps it as the account's mode wants: plain = as it is; compatible = the message plus `Encrypt`;
 * safe = `ToUserName` and `Encrypt` only. The query of an encrypted push also names the `openid`; that a plain one does
 * is recalled. Source: doc/service/guide/dev/push/encryption.
 */
export function wrap(
  fields: readonly Field[],
  push: PushConfig,
  with_: { appid: string; timestamp: number; nonce: string; random: Buffer; openid: string | null },
): Envelope {
  const timestamp = String(with_.timestamp);
  const query = new URLSearchParams({
    signature: sign([push.token, timestamp, with_.nonce]),
    timestamp,
    nonce: with_.nonce,
  });
  if (with_.openid !== null) query.set("openid", with_.openid);
  const contentType = push.format === "xml" ? "text/xml" : "application/json";
  const message = writeMessage(fields, push.format);
  if (push.mode === "plain" || push.encodingAesKey === null) return { query, body: message, contentType };
  const encrypted = encrypt(message, {
    encodingAesKey: push.encodingAesKey,
    appid: with_.appid,
    random: with_.random,
  });
  query.set("encrypt_type", "aes");
  query.set("msg_signature", sign([push.token, timestamp, with_.nonce, encrypted]));
  const kept = push.mode === "compatible" ? fields : fields.filter((field) => field.name === "ToUserName");
  return { query, body: writeMessage([...kept, { name: "Encrypt", text: encrypted }], push.format), contentType };
}
