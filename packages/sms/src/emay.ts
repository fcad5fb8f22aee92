import { createCipheriv, createDecipheriv } from "node:crypto";
import { z } from "zod";
import { chinaInstant, international, outcomeOfError, outcomeOfStatus, parseJson, post } from "./http.ts";
import {
  type Access,
  type Callback,
  CarrierError,
  type Receipt,
  type Refusal,
  type Reply,
  type Sent,
  type SmsProvider,
  type Text,
} from "./provider.ts";

/*
 * emay (亿美软通): the JSON body is AES-128-ECB under the secret, its own header says who calls, and the answer's header
 * `result` what came of it. Known from its published clients; its codes are recalled, and of what isn't known of them
 * nobody can tell whether it was sent.
 */

const refusals: readonly (readonly [RegExp, Refusal])[] = [
  [/MOBILE/, "recipient"],
  [/FREQUENCY/, "recipient_limit"],
  [/SIGN_ERROR/, "template"],
  [/CONTENT|SENSITIVE/, "values"],
  [/TIME_RANGE/, "window"],
  [/SPEED|BUSY|TPS/, "busy"],
  [/APPID|BALANCE|IP_|DECRYPT|EXPIRED/, "account"],
  [/PARAMS/, "request"],
];

function refusalOf(code: string): Refusal | undefined {
  return refusals.find(([pattern]) => pattern.test(code))?.[1];
}

/** A call that was written down is no good a minute later. */
const validSeconds = 60;

interface Answered {
  readonly result: string;
  readonly json: unknown;
  readonly status: number;
}

async function call(access: Access, path: string, input: Readonly<Record<string, unknown>>): Promise<Answered> {
  const secret = access.credentials.secret;
  const plain = JSON.stringify({ ...input, requestTime: access.now().getTime(), requestValidPeriod: validSeconds });
  const cipher = createCipheriv("aes-128-ecb", secret, null);
  const body = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
  const headers = { appId: access.credentials.keyId, "content-type": "application/octet-stream" };
  const answer = await post(new URL(path, access.url).href, headers, body, access.signal);
  const result = answer.headers.get("result") ?? "";
  return { result, status: answer.status, json: result === "SUCCESS" ? open(secret, answer.body) : undefined };
}

function open(secret: string, sealed: Buffer): unknown {
  try {
    const decipher = createDecipheriv("aes-128-ecb", secret, null);
    return parseJson(Buffer.concat([decipher.update(sealed), decipher.final()]));
  } catch {
    return undefined;
  }
}

const SentTexts = z.array(
  z.object({ mobile: z.string(), smsId: z.string().min(1), customSmsId: z.string().nullish() }),
);

/** Each has an id of ours, so its answers are told apart. */
async function send(access: Access, texts: readonly Text[]): Promise<readonly Sent[]> {
  const same = (sent: Sent): Sent[] => texts.map(() => sent);
  const smses = texts.map(({ to, signature, text, reference }) => ({
    mobile: to.replace(/^\+86/, ""),
    content: `【${signature}】${text}`,
    customSmsId: reference.replaceAll("-", ""),
  }));
  try {
    const { result, json, status } = await call(access, "inter/sendPersonalitySMS", { smses });
    if (result === "") return same(outcomeOfStatus(status));
    if (result !== "SUCCESS") {
      const why = refusalOf(result);
      if (why === undefined) return same({ kind: "unknown", reason: result });
      return same({ kind: "refused", why, code: result, message: result });
    }
    const sent = SentTexts.safeParse(json);
    if (!sent.success) return same({ kind: "unknown", reason: "SUCCESS with an answer that can't be read" });
    return smses.map(({ customSmsId }) => {
      const found = sent.data.find((each) => each.customSmsId === customSmsId);
      return found === undefined
        ? { kind: "unknown", reason: "the answer tells nothing of this number" }
        : { kind: "accepted", id: found.smsId };
    });
  } catch (error) {
    return same(outcomeOfError(error));
  }
}

const Reports = z.array(
  z.object({
    smsId: z.string().min(1),
    customSmsId: z.string().nullish(),
    mobile: z.string(),
    state: z.string(),
    receiveTime: z.string().nullish(),
  }),
);
const Replies = z.array(z.object({ mobile: z.string(), content: z.string(), moTime: z.string().nullish() }));

function receiptsOf(reports: z.output<typeof Reports>, now: Date): Receipt[] {
  return reports.map((each) => ({
    id: each.smsId,
    to: international(each.mobile),
    reference: each.customSmsId ?? "",
    delivered: each.state === "DELIVRD",
    code: each.state,
    at: chinaInstant(each.receiveTime ?? "", now),
  }));
}

function repliesOf(replies: z.output<typeof Replies>, now: Date): Reply[] {
  return replies.map(({ mobile, content, moTime }) => ({
    from: international(mobile),
    signature: "",
    text: content,
    at: chinaInstant(moTime ?? "", now),
  }));
}

async function ask<Shape extends z.ZodType>(
  access: Access,
  path: string,
  input: Readonly<Record<string, unknown>>,
  shape: Shape,
): Promise<z.output<Shape>> {
  const { result, json, status } = await call(access, path, input);
  if (result === "") throw new Error(`emay answered HTTP ${status}`);
  if (result !== "SUCCESS") throw new CarrierError(refusalOf(result) ?? "busy", result, result);
  return shape.parse(json);
}

function readCallback(body: string, now: Date): Callback | undefined {
  const json = parseJson(body);
  const reports = Reports.safeParse(json);
  if (reports.success) return { receipts: receiptsOf(reports.data, now), replies: [] };
  const replies = Replies.safeParse(json);
  return replies.success ? { receipts: [], replies: repliesOf(replies.data, now) } : undefined;
}

export const emay: SmsProvider = {
  name: "emay",
  label: { zh: "亿美软通", en: "emay" },
  url: "http://www.btom.cn:8080/",
  needsAppId: false,
  // An AES-128 key: one byte a character.
  secret: /^[\x21-\x7e]{16}$/,
  batch: 500,
  hasTemplates: false,
  send,
  readCallback,
  taken: "success",
  async pullReceipts(access) {
    return receiptsOf(await ask(access, "inter/getReport", { number: 500 }, Reports), access.now());
  },
  async pullReplies(access) {
    return repliesOf(await ask(access, "inter/getMo", { number: 500 }, Replies), access.now());
  },
  async check(access) {
    await ask(access, "inter/getBalance", {}, z.unknown());
  },
};
