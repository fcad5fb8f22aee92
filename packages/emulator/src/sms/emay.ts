import { createCipheriv, createDecipheriv } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { type Answer, type Call, mobileOf, type Reading, type Work } from "./call.ts";
import type { CarrierAccount } from "./model.ts";
import type { MobileNetwork } from "./network.ts";
import { chinaTime, emayReceipt, national } from "./pushes.ts";
import { carrierRules } from "./rules.ts";

/*
 * emay's (亿美软通) sealed interface, as its clients use it: the header `appId`, a JSON body that is AES-128-ECB under
 * the secret, gzipped before where the header `gzip` is `on`; the answer's header `result` says `SUCCESS` or why not.
 * Its own document isn't public: codes and limits are recalled.
 */

export const emayPaths = [
  "/inter/sendSingleSMS",
  "/inter/sendBatchSMS",
  "/inter/sendPersonalitySMS",
  "/inter/getReport",
  "/inter/getMo",
  "/inter/getBalance",
];

const Request = z.looseObject({ requestTime: z.number(), requestValidPeriod: z.number() });
const One = z.looseObject({
  mobile: z.string(),
  content: z.string().optional(),
  customSmsId: z.string().max(64).optional(),
});

export function readEmay(network: MobileNetwork, call: Call): Reading | Answer {
  const account = network.byKey("emay", call.headers["appid"] ?? "");
  if (account === undefined) return refused("ERROR_APPID_EMPTY_OR_ERROR");
  const isZipped = call.headers["gzip"] === "on";
  const body = open(account, call.body, isZipped);
  const request = Request.safeParse(body);
  if (!request.success) return refused("ERROR_DECRYPT_FAIL");
  const { requestTime, requestValidPeriod } = request.data;
  const away = network.state.now() - requestTime;
  // A request that was written down and is sent again later is refused.
  if (away > requestValidPeriod * 1000 || away < -requestValidPeriod * 1000) return refused("ERROR_REQUEST_EXPIRED");
  const action = call.path.slice("/inter/".length);
  const work: Work = (account, refusal) => {
    const answer = refusal ?? act(network, account, action, request.data);
    if (typeof answer === "string") return refused(answer);
    return {
      status: 200,
      headers: { result: "SUCCESS" },
      contentType: "application/octet-stream",
      body: seal(account, answer, isZipped),
    };
  };
  return { account, what: action, work };
}

function refused(result: string): Answer {
  return { status: 200, headers: { result }, body: "", contentType: "application/octet-stream" };
}

function open(account: CarrierAccount, sealed: Buffer, isZipped: boolean): unknown {
  try {
    const decipher = createDecipheriv("aes-128-ecb", account.secret, null);
    const plain = Buffer.concat([decipher.update(sealed), decipher.final()]);
    return JSON.parse((isZipped ? gunzipSync(plain, { maxOutputLength: 4_000_000 }) : plain).toString("utf8"));
  } catch {
    return undefined;
  }
}

function seal(account: CarrierAccount, answer: unknown, isZipped: boolean): Buffer {
  const plain = Buffer.from(JSON.stringify(answer));
  const cipher = createCipheriv("aes-128-ecb", account.secret, null);
  return Buffer.concat([cipher.update(isZipped ? gzipSync(plain) : plain), cipher.final()]);
}

/** The answer, or a code that says why there is none. */
function act(
  network: MobileNetwork,
  account: CarrierAccount,
  action: string,
  request: Readonly<Record<string, unknown>>,
): object | string {
  const number = z.int().min(1).max(carrierRules.emayNumbers).catch(carrierRules.emayNumbers).parse(request["number"]);
  if (action === "getBalance") return { balance: account.balance };
  if (action === "getReport") {
    const texts = network.waiting(account).slice(0, number);
    for (const text of texts) text.taken = true;
    return texts.map(emayReceipt);
  }
  if (action === "getMo") {
    const replies = network.replies.filter((each) => each.accountId === account.id && !each.taken).slice(0, number);
    for (const reply of replies) reply.taken = true;
    return replies.map(({ phone, text, at }) => ({
      mobile: national(phone),
      content: text,
      moTime: chinaTime(at),
      extendedCode: "",
    }));
  }
  const content = z.string().optional().catch(undefined).parse(request["content"]);
  const listed = action === "sendSingleSMS" ? [request] : request["smses"];
  const parsed = z.array(One).min(1).max(carrierRules.emayNumbers).safeParse(listed);
  if (!parsed.success) return "ERROR_PARAMS";
  const texts = parsed.data.map((each) => ({ ...each, content: each.content ?? content ?? "" }));
  for (const { mobile, content: text } of texts) {
    if (mobileOf(mobile) === null) return "ERROR_MOBILE_ERROR";
    if (text === "" || Array.from(text).length > 500) return "ERROR_CONTENT_TOO_LONG_OR_EMPTY";
    if (signatureOf(account, text) === undefined) return "ERROR_SIGN_ERROR";
  }
  if (account.balance < texts.length) return "ERROR_BALANCE_NOT_ENOUGH";
  const sent = texts.map(({ mobile, content: text, customSmsId = "" }) => {
    const taken = network.take(account, {
      phone: mobileOf(mobile) ?? mobile,
      signature: signatureOf(account, text) ?? "",
      templateId: null,
      text,
      reference: customSmsId,
    });
    return { mobile, smsId: taken.id, customSmsId };
  });
  return action === "sendSingleSMS" ? (sent[0] ?? {}) : sent;
}

/** Its texts begin with whom they are from, which must be approved. */
function signatureOf(account: CarrierAccount, text: string): string | undefined {
  const name = /^【([^】]+)】/.exec(text)?.[1];
  return account.signatures.find((each) => each.name === name && each.status === "approved")?.name;
}
