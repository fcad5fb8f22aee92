import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { type Answer, type Call, mobileOf, type Reading, type Work } from "./call.ts";
import type { CarrierAccount } from "./model.ts";
import type { MobileNetwork } from "./network.ts";
import { chinaTime, national } from "./pushes.ts";
import { carrierRules } from "./rules.ts";

/*
 * Alibaba Cloud's Dysmsapi 2017-05-25: help.aliyun.com/document_detail/419273.html; signed as ACS3-HMAC-SHA256
 * (sdk/product-overview/v3-request-structure-and-signature) or, by older clients, in the query by HMAC-SHA1 (RPC, V1).
 * What business refuses is HTTP 200 with a `Code`; what the gateway refuses is HTTP 400 or 404.
 */

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");

/** RFC 3986: what `encodeURIComponent` leaves is encoded too. */
function percent(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function readAliyun(network: MobileNetwork, call: Call): Reading | Answer {
  const form = Object.fromEntries(
    call.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true
      ? new URLSearchParams(call.body.toString("utf8"))
      : [],
  );
  const input: Record<string, string> = { ...call.query, ...form };
  const signed = call.headers["authorization"] === undefined ? byQuery(network, call, input) : byHeader(network, call);
  if ("status" in signed) return signed;
  const { account, action, version } = signed;
  if (version !== "2017-05-25") return gateway(network, 404, "InvalidVersion", "The version must be 2017-05-25.");
  const act = actions[action];
  if (act === undefined) return gateway(network, 404, "InvalidAction.NotFound", `There is no action ${action}.`);
  const work: Work = (account, refusal) => act(network, account, input, refusal);
  return { account, what: action, work };
}

interface Signed {
  readonly account: CarrierAccount;
  readonly action: string;
  readonly version: string;
}

function byHeader(network: MobileNetwork, call: Call): Signed | Answer {
  const parts = /^ACS3-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([\w;-]+),\s*Signature=([0-9a-f]{64})$/.exec(
    call.headers["authorization"] ?? "",
  );
  if (parts === null) return gateway(network, 400, "IncompleteSignature", "The authorization is wrong.");
  const [, keyId = "", names = "", signature = ""] = parts;
  const account = network.byKey("aliyun", keyId);
  if (account === undefined)
    return gateway(network, 404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.");
  if (call.headers["x-acs-content-sha256"] !== sha256(call.body))
    return gateway(network, 400, "SignatureDoesNotMatch", "The body isn't the one that was signed.");
  const headers = names.split(";").map((name) => `${name}:${(call.headers[name] ?? "").trim()}\n`);
  const query = Object.keys(call.query)
    .toSorted()
    .map((name) => `${percent(name)}=${percent(call.query[name] ?? "")}`)
    .join("&");
  const request = [call.method, call.path, query, headers.join(""), names, sha256(call.body)].join("\n");
  const expected = createHmac("sha256", account.secret)
    .update(`ACS3-HMAC-SHA256\n${sha256(request)}`)
    .digest();
  if (!timingSafeEqual(expected, Buffer.from(signature, "hex")))
    return gateway(network, 400, "SignatureDoesNotMatch", "Specified signature does not match our calculation.");
  const fresh = check(network, account, call.headers["x-acs-date"], call.headers["x-acs-signature-nonce"]);
  if (fresh !== undefined) return fresh;
  return { account, action: call.headers["x-acs-action"] ?? "", version: call.headers["x-acs-version"] ?? "" };
}

function byQuery(network: MobileNetwork, call: Call, input: Readonly<Record<string, string>>): Signed | Answer {
  const account = network.byKey("aliyun", input["AccessKeyId"] ?? "");
  if (account === undefined)
    return gateway(network, 404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.");
  const { Signature: given = "", ...rest } = input;
  const text = Object.keys(rest)
    .toSorted()
    .map((name) => `${percent(name)}=${percent(rest[name] ?? "")}`)
    .join("&");
  const expected = createHmac("sha1", `${account.secret}&`)
    .update(`${call.method}&${percent("/")}&${percent(text)}`)
    .digest();
  const signature = Buffer.from(given, "base64");
  if (signature.length !== expected.length || !timingSafeEqual(expected, signature))
    return gateway(network, 400, "SignatureDoesNotMatch", "Specified signature does not match our calculation.");
  const fresh = check(network, account, input["Timestamp"], input["SignatureNonce"]);
  if (fresh !== undefined) return fresh;
  return { account, action: input["Action"] ?? "", version: input["Version"] ?? "" };
}

/** A request is good for a quarter of an hour, and once. */
function check(network: MobileNetwork, account: CarrierAccount, date = "", nonce = ""): Answer | undefined {
  const away = Math.abs(network.state.now() - Date.parse(date));
  if (!(away <= carrierRules.aliyunSkewMs))
    return gateway(network, 400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.");
  const key = `${account.id} ${nonce}`;
  if (nonce === "" || network.nonces.has(key))
    return gateway(network, 400, "SignatureNonceUsed", "Specified signature nonce was used already.");
  network.nonces.add(key);
  return undefined;
}

function gateway(network: MobileNetwork, status: number, code: string, message: string): Answer {
  return said(network, { Code: code, Message: message, HostId: "dysmsapi.aliyuncs.com" }, status);
}

function said(network: MobileNetwork, body: Record<string, unknown>, status = 200): Answer {
  const { random } = network.state;
  return { status, body: JSON.stringify({ ...body, RequestId: `${random.hex(8)}-${random.hex(12)}`.toUpperCase() }) };
}

type Act = (
  network: MobileNetwork,
  account: CarrierAccount,
  input: Readonly<Record<string, string>>,
  refusal: string | undefined,
) => Answer;

interface Message {
  readonly number: string;
  readonly signature: string;
  readonly templateId: string;
  readonly parameters: string;
  readonly reference: string;
}

const actions: Readonly<Record<string, Act>> = {
  SendSms(network, account, input, refusal) {
    const numbers = (input["PhoneNumbers"] ?? "").split(",").filter(Boolean);
    if (numbers.length === 0) return said(network, { Code: "isv.MOBILE_NUMBER_ILLEGAL", Message: "no number" });
    if (numbers.length > carrierRules.aliyunNumbers)
      return said(network, { Code: "isv.MOBILE_COUNT_OVER_LIMIT", Message: "at most 1000 numbers" });
    return sendAll(
      network,
      account,
      numbers.map((number) => ({
        number,
        signature: input["SignName"] ?? "",
        templateId: input["TemplateCode"] ?? "",
        parameters: input["TemplateParam"] ?? "",
        reference: input["OutId"] ?? "",
      })),
      refusal,
    );
  },
  SendBatchSms(network, account, input, refusal) {
    const lists = [input["PhoneNumberJson"], input["SignNameJson"], input["TemplateParamJson"] ?? "[]"].map(listOf);
    const [numbers, signatures, parameters] = lists;
    if (numbers === undefined || signatures === undefined || parameters === undefined)
      return said(network, { Code: "isv.INVALID_JSON_PARAM", Message: "JSON is wrong" });
    if (numbers.length > carrierRules.aliyunBatch || numbers.length !== signatures.length)
      return said(network, { Code: "isv.MOBILE_COUNT_OVER_LIMIT", Message: "at most 100, with a signature each" });
    return sendAll(
      network,
      account,
      numbers.map((number, index) => ({
        number: String(number),
        signature: typeof signatures[index] === "string" ? signatures[index] : "",
        templateId: input["TemplateCode"] ?? "",
        parameters: JSON.stringify(parameters[index] ?? {}),
        reference: input["OutId"] ?? "",
      })),
      refusal,
    );
  },
  /** What came of the texts to one number on one day; BizId narrows it: document_detail/419277.html. */
  QuerySendDetails(network, account, input) {
    const phone = mobileOf(input["PhoneNumber"] ?? "");
    const day = input["SendDate"] ?? "";
    const page = Paging.safeParse(input);
    if (phone === null || !/^\d{8}$/.test(day) || !page.success)
      return said(network, { Code: "isv.INVALID_PARAMETERS", Message: "a parameter is missing or wrong" });
    const texts = network.texts.filter(
      (text) =>
        text.accountId === account.id &&
        text.phone === phone &&
        chinaTime(text.at).slice(0, 10).replaceAll("-", "") === day &&
        (input["BizId"] ?? text.id) === text.id,
    );
    const { CurrentPage, PageSize } = page.data;
    const SmsSendDetailDTO = texts
      .toReversed()
      .slice((CurrentPage - 1) * PageSize, CurrentPage * PageSize)
      .map(({ report, text, reference, at, templateId }) => ({
        ErrCode: report === null ? "" : report.delivered ? "DELIVERED" : report.code,
        TemplateCode: templateId,
        OutId: reference,
        PhoneNum: national(phone),
        Content: text,
        SendStatus: report === null ? 1 : report.delivered ? 3 : 2,
        SendDate: chinaTime(at),
        ...(report === null ? {} : { ReceiveDate: chinaTime(report.at) }),
      }));
    return said(network, {
      Code: "OK",
      Message: "OK",
      TotalCount: String(texts.length),
      SmsSendDetailDTOs: { SmsSendDetailDTO },
    });
  },
  QuerySmsTemplate(network, account, input) {
    const template = account.templates.find(({ id }) => id === input["TemplateCode"]);
    if (template === undefined) return said(network, { Code: "isv.SMS_TEMPLATE_ILLEGAL", Message: "no such template" });
    return said(network, {
      Code: "OK",
      Message: "OK",
      TemplateCode: template.id,
      TemplateName: template.id,
      TemplateContent: template.text,
      TemplateType: 1,
      TemplateStatus: { pending: 0, approved: 1, refused: 2 }[template.status],
      Reason: "",
    });
  },
};

const Paging = z.object({
  CurrentPage: z.coerce.number().int().min(1),
  PageSize: z.coerce.number().int().min(1).max(50),
});

function listOf(json: string | undefined): unknown[] | undefined {
  try {
    const list: unknown = JSON.parse(json ?? "");
    return Array.isArray(list) ? list : undefined;
  } catch {
    return undefined;
  }
}

/** All or none, as Aliyun does it: the first that can't be sent refuses the call. All have one BizId. */
function sendAll(
  network: MobileNetwork,
  account: CarrierAccount,
  messages: readonly Message[],
  refusal: string | undefined,
): Answer {
  const code = refusal ?? messages.map((each) => whyNot(network, account, each)).find((each) => each !== undefined);
  if (code !== undefined) return said(network, { Code: code, Message: code });
  const id = network.newId("aliyun");
  for (const { number, signature, templateId, parameters, reference } of messages) {
    const text = textOf(account, templateId, signature, parameters) ?? "";
    network.take(account, { phone: mobileOf(number) ?? number, signature, templateId, text, reference, id });
  }
  return said(network, { Code: "OK", Message: "OK", BizId: id });
}

function whyNot(
  network: MobileNetwork,
  account: CarrierAccount,
  { number, signature, templateId, parameters }: Message,
): string | undefined {
  const phone = mobileOf(number);
  if (phone === null) return "isv.MOBILE_NUMBER_ILLEGAL";
  if (account.signatures.find(({ name }) => name === signature)?.status !== "approved")
    return "isv.SMS_SIGNATURE_ILLEGAL";
  const template = account.templates.find(({ id }) => id === templateId);
  if (template?.status !== "approved") return "isv.SMS_TEMPLATE_ILLEGAL";
  if (parameters !== "" && recordOf(parameters) === undefined) return "isv.INVALID_JSON_PARAM";
  if (textOf(account, templateId, signature, parameters) === undefined) return "isv.TEMPLATE_MISSING_PARAMETERS";
  if (account.balance <= 0) return "isv.AMOUNT_NOT_ENOUGH";
  const day = network.lately(account, phone, 86_400_000).filter((text) => text.signature === signature);
  const since = (ms: number) => day.filter(({ at }) => at > network.state.now() - ms).length;
  const isOver =
    since(60_000) >= carrierRules.aliyunPerMinute ||
    since(3_600_000) >= carrierRules.aliyunPerHour ||
    day.length >= carrierRules.aliyunPerDay;
  return isOver && isCode(template.text) ? "isv.BUSINESS_LIMIT_CONTROL" : undefined;
}

/** A template for codes: only those have the narrow limits. */
function isCode(text: string): boolean {
  return /\$\{code\}/.test(text);
}

function recordOf(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function textOf(
  account: CarrierAccount,
  templateId: string,
  signature: string,
  parameters: string,
): string | undefined {
  const template = account.templates.find(({ id }) => id === templateId);
  if (template === undefined) return undefined;
  const values = parameters === "" ? {} : (recordOf(parameters) ?? {});
  const names = [...template.text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name ?? "");
  if (names.some((name) => values[name] === undefined)) return undefined;
  return `【${signature}】${template.text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => String(values[name]))}`;
}
