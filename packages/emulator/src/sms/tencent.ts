import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { type Answer, type Call, mobileOf, type Reading, type Work } from "./call.ts";
import type { CarriedText, CarrierAccount } from "./model.ts";
import type { MobileNetwork } from "./network.ts";
import { national } from "./pushes.ts";
import { carrierRules } from "./rules.ts";

/*
 * Tencent Cloud SMS 2021-01-11 by API 3.0: cloud.tencent.com/document/product/382/55981, signed as TC3-HMAC-SHA256
 * (382/52064 and 1427/56189). Refusals of a whole call are HTTP 200 with `Response.Error`; of one number, its `Code`.
 */

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();

const authorized = new RegExp(
  [
    String.raw`^TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/(\w+)/tc3_request`,
    String.raw`SignedHeaders=([\w;-]+)`,
    "Signature=([0-9a-f]{64})$",
  ].join(", ?"),
);

export function readTencent(network: MobileNetwork, call: Call): Reading | Answer {
  const refused = (code: string, message: string): Answer =>
    whole(network, { Error: { Code: code, Message: message } });
  const authorization = call.headers["authorization"] ?? "";
  const parts = authorized.exec(authorization);
  if (parts === null) return refused("AuthFailure.InvalidAuthorization", "The authorization is wrong.");
  const [, keyId = "", day = "", service = "", signedHeaders = "", signature = ""] = parts;
  const account = network.byKey("tencent", keyId);
  if (account === undefined) return refused("AuthFailure.SecretIdNotFound", "The SecretId is not found.");
  const timestamp = call.headers["x-tc-timestamp"] ?? "";
  const away = Math.abs(network.state.now() - Number(timestamp) * 1000);
  if (!(away <= carrierRules.tencentSkewMs))
    return refused("AuthFailure.SignatureExpire", "The timestamp is more than five minutes from the server's.");
  const names = signedHeaders.split(";");
  if (!names.includes("host") || !names.includes("content-type"))
    return refused("AuthFailure.SignatureFailure", "Host and Content-Type must be signed.");
  // Clients at a port of their own sign the name alone, or name and port.
  const hosts = [call.headers["host"] ?? "", (call.headers["host"] ?? "").replace(/:\d+$/, "")];
  const isSigned = hosts.some((host) => {
    const headers = names.map((name) => `${name}:${name === "host" ? host : (call.headers[name] ?? "").trim()}\n`);
    const query = call.url.split("?")[1] ?? "";
    const request = [call.method, call.path, query, headers.join(""), signedHeaders, sha256(call.body)].join("\n");
    const text = ["TC3-HMAC-SHA256", timestamp, `${day}/${service}/tc3_request`, sha256(request)].join("\n");
    const key = hmac(hmac(hmac(`TC3${account.secret}`, day), service), "tc3_request");
    return timingSafeEqual(hmac(key, text), Buffer.from(signature, "hex"));
  });
  if (!isSigned) return refused("AuthFailure.SignatureFailure", "The signature is wrong.");
  const action = call.headers["x-tc-action"] ?? "";
  if (call.headers["x-tc-version"] !== "2021-01-11")
    return refused("UnsupportedProtocol", "The version must be 2021-01-11.");
  const act = actions[action];
  if (act === undefined) return refused("InvalidAction", `There is no action ${action}.`);
  const work: Work = (account, refusal) => {
    const body = parse(call.body);
    if (body === undefined) return refused("InvalidParameter", "The body is no JSON.");
    return act(network, account, body, refusal) ?? refused("InvalidParameter", "A parameter is missing or wrong.");
  };
  return { account, what: action, work };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

function whole(network: MobileNetwork, response: Record<string, unknown>): Answer {
  const RequestId = `${network.state.random.hex(8)}-${network.state.random.hex(4)}-${network.state.random.hex(12)}`;
  return { status: 200, body: JSON.stringify({ Response: { ...response, RequestId } }) };
}

type Act = (
  network: MobileNetwork,
  account: CarrierAccount,
  body: unknown,
  refusal: string | undefined,
) => Answer | undefined;

const SendSms = z.object({
  PhoneNumberSet: z.array(z.string()).min(1),
  SmsSdkAppId: z.string(),
  TemplateId: z.string(),
  SignName: z.string().default(""),
  TemplateParamSet: z.array(z.string()).nullish(),
  SessionContext: z.string().max(511).default(""),
});

const actions: Readonly<Record<string, Act>> = {
  SendSms(network, account, body, refusal) {
    const parsed = SendSms.safeParse(body);
    if (!parsed.success) return undefined;
    const { PhoneNumberSet: numbers, SmsSdkAppId, ...message } = parsed.data;
    if (numbers.length > carrierRules.tencentNumbers)
      return refuse(network, "LimitExceeded.PhoneNumberCountLimit", "At most 200 numbers at once.");
    if (SmsSdkAppId !== account.sdkAppId)
      return refuse(network, "UnauthorizedOperation.SdkAppIdIsDisabled", "The SdkAppId isn't yours.");
    const SendStatusSet = numbers.map((number) => sendOne(network, account, number, message, refusal));
    return whole(network, { SendStatusSet });
  },
  PullSmsSendStatus(network, account, body) {
    const parsed = Pull.safeParse(body);
    if (!parsed.success) return undefined;
    const texts = network.waiting(account).slice(0, parsed.data.Limit);
    for (const text of texts) text.taken = true;
    return whole(network, { PullSmsSendStatusSet: texts.map(statusOf) });
  },
  /** Of one number, up to a week back: 382/55980. */
  PullSmsSendStatusByPhoneNumber(network, account, body) {
    const parsed = ByNumber.safeParse(body);
    if (!parsed.success) return undefined;
    const { PhoneNumber, BeginTime, EndTime, Offset, Limit } = parsed.data;
    const phone = mobileOf(PhoneNumber);
    const texts = network.texts.filter(
      (text) =>
        text.accountId === account.id &&
        text.phone === phone &&
        text.report !== null &&
        text.at >= BeginTime * 1000 &&
        text.at <= (EndTime ?? Infinity) * 1000,
    );
    return whole(network, { PullSmsSendStatusSet: texts.slice(Offset, Offset + Limit).map(statusOf) });
  },
  PullSmsReplyStatus(network, account, body) {
    const parsed = Pull.safeParse(body);
    if (!parsed.success) return undefined;
    const replies = network.replies.filter((each) => each.accountId === account.id && !each.taken);
    const some = replies.slice(0, parsed.data.Limit);
    for (const reply of some) reply.taken = true;
    return whole(network, {
      PullSmsReplyStatusSet: some.map(({ phone, signature, text, at }) => ({
        ExtendCode: "",
        CountryCode: "86",
        PhoneNumber: phone,
        SubscriberNumber: national(phone),
        SignName: signature,
        ReplyContent: text,
        ReplyTime: Math.floor(at / 1000),
      })),
    });
  },
  DescribeSmsTemplateList(network, account) {
    const DescribeTemplateStatusSet = account.templates.map(({ id, text, status }) => ({
      TemplateId: Number(id),
      International: 0,
      StatusCode: { approved: 0, pending: 1, refused: -1 }[status],
      ReviewReply: "",
      TemplateName: id,
      CreateTime: 0,
      TemplateContent: text,
    }));
    return whole(network, { DescribeTemplateStatusSet });
  },
};

const Pull = z.object({ Limit: z.int().min(1).max(100), SmsSdkAppId: z.string() });
const ByNumber = z.object({
  PhoneNumber: z.string(),
  BeginTime: z.int(),
  EndTime: z.int().optional(),
  Offset: z.int().min(0).default(0),
  Limit: z.int().min(1).max(100),
});

function refuse(network: MobileNetwork, code: string, message: string): Answer {
  return whole(network, { Error: { Code: code, Message: message } });
}

function sendOne(
  network: MobileNetwork,
  account: CarrierAccount,
  number: string,
  message: Omit<z.output<typeof SendSms>, "PhoneNumberSet" | "SmsSdkAppId">,
  refusal: string | undefined,
): Record<string, unknown> {
  const phone = mobileOf(number);
  const status = (Code: string, Message: string, SerialNo = "", Fee = 0): Record<string, unknown> => ({
    SerialNo,
    PhoneNumber: phone ?? number,
    Fee,
    SessionContext: message.SessionContext,
    Code,
    Message,
    IsoCode: "CN",
  });
  if (refusal !== undefined) return status(refusal, refusal);
  if (phone === null) return status("InvalidParameterValue.IncorrectPhoneNumber", "The number is wrong.");
  const wrong = whyNot(network, account, phone, message);
  if (wrong !== undefined) return status(wrong, wrong);
  const text = network.take(account, {
    phone,
    signature: message.SignName,
    templateId: message.TemplateId,
    text: textOf(account, message) ?? "",
    reference: message.SessionContext,
  });
  return status("Ok", "send success", text.id, text.segments);
}

function whyNot(
  network: MobileNetwork,
  account: CarrierAccount,
  phone: string,
  message: Omit<z.output<typeof SendSms>, "PhoneNumberSet" | "SmsSdkAppId">,
): string | undefined {
  const signature = account.signatures.find(({ name }) => name === message.SignName);
  if (signature?.status !== "approved") return "FailedOperation.SignatureIncorrectOrUnapproved";
  const template = account.templates.find(({ id }) => id === message.TemplateId);
  if (template?.status !== "approved") return "FailedOperation.TemplateIncorrectOrUnapproved";
  const text = textOf(account, message);
  if (text === undefined) return "FailedOperation.TemplateParamSetNotMatchApprovedTemplate";
  if (account.balance <= 0) return "FailedOperation.InsufficientBalanceInSmsPackage";
  const lately = network.lately(account, phone, 86_400_000);
  const since = network.state.now() - carrierRules.tencentSameTextMs;
  if (lately.some((each) => each.text === text && each.at > since)) return "LimitExceeded.PhoneNumberThirtySecondLimit";
  if (lately.length >= carrierRules.tencentPerDay) return "LimitExceeded.PhoneNumberDailyLimit";
  return undefined;
}

/** The template filled in; undefined if there are more or fewer parameters than it has places. */
function textOf(
  account: CarrierAccount,
  {
    TemplateId,
    SignName,
    TemplateParamSet,
  }: Pick<z.output<typeof SendSms>, "TemplateId" | "SignName" | "TemplateParamSet">,
): string | undefined {
  const template = account.templates.find(({ id }) => id === TemplateId);
  if (template === undefined) return undefined;
  const given = TemplateParamSet ?? [];
  const places = new Set([...template.text.matchAll(/\{(\d+)\}/g)].map(([, place]) => Number(place)));
  if (places.size !== given.length) return undefined;
  return `【${SignName}】${template.text.replaceAll(/\{(\d+)\}/g, (_, place: string) => given[Number(place) - 1] ?? "")}`;
}

function statusOf({ id, phone, report, reference }: CarriedText): Record<string, unknown> {
  return {
    UserReceiveTime: Math.floor((report?.at ?? 0) / 1000),
    CountryCode: "86",
    SubscriberNumber: national(phone),
    PhoneNumber: phone,
    SerialNo: id,
    ReportStatus: report?.delivered === true ? "SUCCESS" : "FAIL",
    Description: report?.code ?? "",
    SessionContext: reference,
  };
}
