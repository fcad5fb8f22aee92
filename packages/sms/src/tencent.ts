import { createHash, createHmac } from "node:crypto";
import { z } from "zod";
import { chinaInstant, international, outcomeOfError, outcomeOfStatus, parseJson, post } from "./http.ts";
import {
  type Access,
  type Callback,
  CarrierError,
  type Found,
  type Receipt,
  type Refusal,
  type Reply,
  type Sent,
  type SmsProvider,
  type Text,
} from "./provider.ts";

/*
 * Tencent Cloud SMS, API 2021-01-11. Calls: cloud.tencent.com/document/product/382/55981; signature: 382/52064;
 * pushes: 382/59178 and 382/59179; codes: 382/59177 and the SDKs' `errors`.
 */

const version = "2021-01-11";

/** Codes that say for certain that nothing was sent, and why. Whatever isn't here may have been sent. */
const refusals: readonly (readonly [RegExp, Refusal])[] = [
  [/IncorrectPhoneNumber|PhoneNumberInBlacklist|PhoneNumberOnBlackList|PhoneNumberParseFail/, "recipient"],
  [/PhoneNumber(?:ThirtySecond|OneHour|Daily|SameContentDaily)Limit|SameContentDailyLimit/, "recipient_limit"],
  [/DeliveryFrequencyLimit/, "recipient_limit"],
  [/(?:Template|Signature)IncorrectOrUnapproved|TemplateParamSetNotMatch|TemplateIdNotExist/, "template"],
  [/MarketingTemplate|ProhibitedUseUrlInTemplate/, "template"],
  [/ContainSensitiveWord|TemplateParameter(?:Format|Length)|ContentLengthLimit|ProhibitSpecialCharacter/, "values"],
  [/MarketingSendTimeConstraint/, "window"],
  [/RequestLimitExceeded/, "busy"],
  [/InsufficientBalance|Arrears|RequestIpNotInWhitelist|AppDailyLimit|AppCountryOrRegion/, "account"],
  [/^AuthFailure|^UnauthorizedOperation|SdkAppId(?:NotExist|IsDisabled)|^UnsupportedRegion/, "account"],
  [/^InvalidParameter$|InvalidAction|UnsupportedProtocol|MissingParameter|UnknownParameter/, "request"],
  [/PhoneNumberCountLimit/, "request"],
];

function refusalOf(code: string): Refusal | undefined {
  return refusals.find(([pattern]) => pattern.test(code))?.[1];
}

function sentOf(code: string, message: string): Sent {
  const why = refusalOf(code);
  if (why === undefined) return { kind: "unknown", reason: `${code} ${message}`.trim() };
  return { kind: "refused", why, code, message };
}

const sha256 = (data: string): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();

/** The headers of one call, signed as TC3-HMAC-SHA256. */
export function signTencent(
  { url, credentials, now }: Pick<Access, "url" | "credentials" | "now">,
  action: string,
  body: string,
): Record<string, string> {
  const { host, pathname } = new URL(url);
  const seconds = Math.floor(now().getTime() / 1000);
  const day = new Date(seconds * 1000).toISOString().slice(0, 10);
  const contentType = "application/json; charset=utf-8";
  const signed = "content-type;host";
  const request = ["POST", pathname, "", `content-type:${contentType}\nhost:${host}\n`, signed, sha256(body)].join(
    "\n",
  );
  const scope = `${day}/sms/tc3_request`;
  const text = ["TC3-HMAC-SHA256", seconds, scope, sha256(request)].join("\n");
  const key = hmac(hmac(hmac(`TC3${credentials.secret}`, day), "sms"), "tc3_request");
  const signature = createHmac("sha256", key).update(text).digest("hex");
  return {
    "content-type": contentType,
    authorization: `TC3-HMAC-SHA256 Credential=${credentials.keyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
    "x-tc-action": action,
    "x-tc-timestamp": String(seconds),
    "x-tc-version": version,
    "x-tc-region": "ap-guangzhou",
  };
}

const Envelope = z.object({
  Response: z.looseObject({
    Error: z.object({ Code: z.string(), Message: z.string().default("") }).optional(),
  }),
});

const SendStatuses = z.object({
  SendStatusSet: z.array(
    z.object({
      SerialNo: z.string().default(""),
      Fee: z.number().default(1),
      Code: z.string(),
      Message: z.string().default(""),
    }),
  ),
});

async function send(access: Access, texts: readonly Text[]): Promise<readonly Sent[]> {
  const [first] = texts;
  if (first === undefined) return [];
  const same = (sent: Sent): Sent[] => texts.map(() => sent);
  const body = JSON.stringify({
    PhoneNumberSet: texts.map(({ to }) => to),
    SmsSdkAppId: access.credentials.sdkAppId,
    SignName: first.signature,
    TemplateId: first.templateId,
    TemplateParamSet: places(first.parameters),
    // One for all numbers of a call: it names the text where there is one.
    SessionContext: first.reference,
  });
  try {
    const answer = await post(access.url, signTencent(access, "SendSms", body), body, access.signal);
    const envelope = Envelope.safeParse(parseJson(answer.body));
    if (!envelope.success) return same(outcomeOfStatus(answer.status));
    const { Error: error, ...rest } = envelope.data.Response;
    if (error !== undefined) return same(sentOf(error.Code, error.Message));
    const statuses = SendStatuses.safeParse(rest);
    if (!statuses.success || statuses.data.SendStatusSet.length !== texts.length)
      return same({ kind: "unknown", reason: "the answer tells nothing of some numbers" });
    return statuses.data.SendStatusSet.map(({ SerialNo, Fee, Code, Message }) =>
      Code === "Ok" ? { kind: "accepted", id: SerialNo, segments: Fee } : sentOf(Code, Message),
    );
  } catch (error) {
    return same(outcomeOfError(error));
  }
}

/** `1`, `2` … in their order. */
function places(parameters: Text["parameters"]): string[] {
  return Object.entries(parameters)
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([, value]) => value);
}

async function ask<Shape extends z.ZodType>(
  access: Access,
  action: string,
  input: Record<string, unknown>,
  shape: Shape,
): Promise<z.output<Shape>> {
  const body = JSON.stringify({ SmsSdkAppId: access.credentials.sdkAppId, ...input });
  const answer = await post(access.url, signTencent(access, action, body), body, access.signal);
  const envelope = Envelope.safeParse(parseJson(answer.body));
  if (!envelope.success) throw new Error(`Tencent answered HTTP ${answer.status}`);
  const { Error: error, ...rest } = envelope.data.Response;
  if (error !== undefined) throw new CarrierError(refusalOf(error.Code) ?? "busy", error.Code, error.Message);
  return shape.parse(rest);
}

const Pulled = z.object({
  PullSmsSendStatusSet: z
    .array(
      z.object({
        SerialNo: z.string(),
        PhoneNumber: z.string(),
        ReportStatus: z.string(),
        Description: z.string().default(""),
        SessionContext: z.string().nullish(),
        UserReceiveTime: z.number().default(0),
      }),
    )
    .nullish(),
});

function receiptsOf(pulled: z.output<typeof Pulled>, now: Date): Receipt[] {
  return (pulled.PullSmsSendStatusSet ?? []).map((each) => ({
    id: each.SerialNo,
    to: each.PhoneNumber,
    reference: each.SessionContext ?? "",
    delivered: each.ReportStatus === "SUCCESS",
    code: each.Description,
    at: each.UserReceiveTime === 0 ? now : new Date(each.UserReceiveTime * 1000),
  }));
}

const PulledReplies = z.object({
  PullSmsReplyStatusSet: z
    .array(
      z.object({
        PhoneNumber: z.string(),
        SignName: z.string().default(""),
        ReplyContent: z.string(),
        ReplyTime: z.number(),
      }),
    )
    .nullish(),
});

const PushedReceipt = z.object({
  user_receive_time: z.string().default(""),
  nationcode: z.string().default("86"),
  mobile: z.string(),
  report_status: z.enum(["SUCCESS", "FAIL"]),
  errmsg: z.string().default(""),
  sid: z.string().min(1),
});
const PushedReply = z.object({
  mobile: z.string(),
  nationcode: z.string().default("86"),
  sign: z.string().default(""),
  text: z.string(),
  time: z.coerce.number().int().min(0).max(9_999_999_999),
});

function readCallback(body: string, now: Date): Callback | undefined {
  const json = parseJson(body);
  const receipts = z.array(PushedReceipt).safeParse(json);
  if (receipts.success)
    return {
      replies: [],
      receipts: receipts.data.map(({ sid, mobile, nationcode, report_status, errmsg, user_receive_time }) => ({
        id: sid,
        to: international(mobile, nationcode),
        reference: "",
        delivered: report_status === "SUCCESS",
        code: errmsg,
        at: chinaInstant(user_receive_time, now),
      })),
    };
  const reply = PushedReply.safeParse(json);
  if (!reply.success) return undefined;
  const { mobile, nationcode, sign, text, time } = reply.data;
  const from = international(mobile, nationcode);
  return { receipts: [], replies: [{ from, signature: sign, text, at: new Date(time * 1000) }] };
}

/**
 * Only what has a receipt is found, and by our reference only where the account has session contexts: a text that isn't
 * found may be under way all the same.
 */
async function query(access: Access, text: { to: string; reference: string; at: Date }): Promise<Found> {
  const BeginTime = Math.floor(text.at.getTime() / 1000) - 60;
  const input = { PhoneNumber: text.to, BeginTime, Offset: 0, Limit: 100 };
  const pulled = await ask(access, "PullSmsSendStatusByPhoneNumber", input, Pulled);
  const receipt = receiptsOf(pulled, access.now()).find(({ reference }) => reference === text.reference);
  return receipt === undefined ? { kind: "unclear" } : { kind: "taken", receipt };
}

export const tencent: SmsProvider = {
  name: "tencent",
  label: { zh: "腾讯云", en: "Tencent Cloud" },
  url: "https://sms.tencentcloudapi.com/",
  needsAppId: true,
  batch: 200,
  hasTemplates: true,
  send,
  readCallback,
  taken: '{"result":0,"errmsg":"OK"}',
  async pullReceipts(access) {
    return receiptsOf(await ask(access, "PullSmsSendStatus", { Limit: 100 }, Pulled), access.now());
  },
  async pullReplies(access): Promise<readonly Reply[]> {
    const { PullSmsReplyStatusSet } = await ask(access, "PullSmsReplyStatus", { Limit: 100 }, PulledReplies);
    return (PullSmsReplyStatusSet ?? []).map((each) => ({
      from: each.PhoneNumber,
      signature: each.SignName,
      text: each.ReplyContent,
      at: new Date(each.ReplyTime * 1000),
    }));
  },
  query,
  async check(access) {
    await ask(access, "DescribeSmsTemplateList", { International: 0, Limit: 1, Offset: 0 }, z.unknown());
  },
};
