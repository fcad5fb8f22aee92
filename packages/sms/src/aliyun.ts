import { createHash, createHmac, randomUUID } from "node:crypto";
import { z } from "zod";
import { chinaInstant, international, outcomeOfError, outcomeOfStatus, parseJson, post } from "./http.ts";
import {
  type Access,
  type Callback,
  CarrierError,
  type Found,
  type Refusal,
  type Sent,
  type SmsProvider,
  type Text,
} from "./provider.ts";

/*
 * Alibaba Cloud's Dysmsapi 2017-05-25. Calls: help.aliyun.com/document_detail/419273.html, 419277; signature
 * ACS3-HMAC-SHA256: sdk/product-overview/v3-request-structure-and-signature; pushes: developer-reference/smsreport-2;
 * codes: document_detail/101346.html.
 */

const version = "2017-05-25";

/** Codes that say for certain that nothing was sent, and why. Whatever isn't here may have been sent. */
const refusals: readonly (readonly [RegExp, Refusal])[] = [
  [/MOBILE_NUMBER_ILLEGAL|BLACK_KEY_CONTROL_LIMIT|MOBILE_IN_BLACK|DOMESTIC_NUMBER_NOT_SUPPORTED/, "recipient"],
  [/BUSINESS_LIMIT_CONTROL/, "recipient_limit"],
  [/SMS_(?:SIGN|TEMPLATE|SIGNATURE)|SIGN_|TEMPLATE_MISSING_PARAMETERS|EXTEND_CODE_ERROR/, "template"],
  [/SMS_CONTENT|PARAM_(?:LENGTH|NOT_SUPPORT)|TEMPLATE_PARAMS_ILLEGAL|INVALID_JSON_PARAM/, "values"],
  [/MARKETING_TIME|TIME_ILLEGAL/, "window"],
  [/^Throttling/, "busy"],
  [/AMOUNT_NOT_ENOUGH|OUT_OF_SERVICE|PRODUCT_UN_?SUBSCRI|ACCOUNT_|DENY_IP_RANGE|(?:DAY|MONTH)_LIMIT/, "account"],
  [/RAM_PERMISSION_DENY|^SignatureDoesNotMatch|^InvalidAccessKeyId|^Forbidden|^NoPermission/, "account"],
  [/^SignatureNonceUsed|^InvalidTimeStamp|^IncompleteSignature/, "account"],
  [/INVALID_PARAMETERS|MOBILE_COUNT_OVER_LIMIT|InvalidVersion|InvalidAction|^Missing/, "request"],
];

function refusalOf(code: string): Refusal | undefined {
  return refusals.find(([pattern]) => pattern.test(code))?.[1];
}

const sha256 = (data: string): string => createHash("sha256").update(data).digest("hex");
/** RFC 3986: what `encodeURIComponent` leaves is encoded too. */
function percent(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The headers of one call, signed as ACS3-HMAC-SHA256. Parameters go in the form, which is signed by its hash. */
export function signAliyun(
  { url, credentials, now }: Pick<Access, "url" | "credentials" | "now">,
  action: string,
  body: string,
): Record<string, string> {
  const { host, pathname } = new URL(url);
  const headers: Record<string, string> = {
    "content-type": "application/x-www-form-urlencoded",
    host,
    "x-acs-action": action,
    "x-acs-content-sha256": sha256(body),
    "x-acs-date": `${now().toISOString().slice(0, 19)}Z`,
    "x-acs-signature-nonce": randomUUID(),
    "x-acs-version": version,
  };
  const names = Object.keys(headers).toSorted();
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join("");
  const request = ["POST", pathname, "", lines, names.join(";"), sha256(body)].join("\n");
  const text = `ACS3-HMAC-SHA256\n${sha256(request)}`;
  const signature = createHmac("sha256", credentials.secret).update(text).digest("hex");
  const { host: _, ...sent } = headers;
  return {
    ...sent,
    authorization: `ACS3-HMAC-SHA256 Credential=${credentials.keyId},SignedHeaders=${names.join(";")},Signature=${signature}`,
  };
}

function formOf(input: Readonly<Record<string, string>>): string {
  return Object.entries(input)
    .map(([name, value]) => `${percent(name)}=${percent(value)}`)
    .join("&");
}

const Said = z.looseObject({ Code: z.string(), Message: z.string().default(""), BizId: z.string().optional() });

/** Its call takes many numbers and refuses all for one: each goes alone, so that one wrong number costs no other. */
async function sendOne(access: Access, text: Text): Promise<Sent> {
  const { to, signature, templateId, parameters, reference } = text;
  const body = formOf({
    PhoneNumbers: to,
    SignName: signature,
    TemplateCode: templateId,
    ...(Object.keys(parameters).length === 0 ? {} : { TemplateParam: JSON.stringify(parameters) }),
    OutId: reference,
  });
  try {
    const answer = await post(access.url, signAliyun(access, "SendSms", body), body, access.signal);
    const said = Said.safeParse(parseJson(answer.body));
    if (!said.success) return outcomeOfStatus(answer.status);
    const { Code, Message, BizId } = said.data;
    if (Code === "OK")
      return BizId === undefined ? { kind: "unknown", reason: "OK without a BizId" } : { kind: "accepted", id: BizId };
    const why = refusalOf(Code);
    if (why === undefined) return { kind: "unknown", reason: `${Code} ${Message}`.trim() };
    return { kind: "refused", why, code: Code, message: Message };
  } catch (error) {
    return outcomeOfError(error);
  }
}

async function ask<Shape extends z.ZodType>(
  access: Access,
  action: string,
  input: Readonly<Record<string, string>>,
  shape: Shape,
): Promise<z.output<Shape>> {
  const body = formOf(input);
  const answer = await post(access.url, signAliyun(access, action, body), body, access.signal);
  const json = parseJson(answer.body);
  const said = Said.safeParse(json);
  if (!said.success) throw new Error(`Aliyun answered HTTP ${answer.status}`);
  const { Code, Message } = said.data;
  if (Code !== "OK") throw new CarrierError(refusalOf(Code) ?? "busy", Code, Message);
  return shape.parse(json);
}

const Details = z.object({
  SmsSendDetailDTOs: z
    .object({
      SmsSendDetailDTO: z
        .array(
          z.object({
            OutId: z.string().default(""),
            /** 1: no receipt yet, 2: failed, 3: delivered. */
            SendStatus: z.number(),
            ErrCode: z.string().default(""),
            ReceiveDate: z.string().default(""),
          }),
        )
        .default([]),
    })
    .optional(),
});

/** All that went to one number on one day, page by page: whoever isn't there wasn't taken. */
async function query(access: Access, text: { to: string; reference: string; at: Date }): Promise<Found> {
  const SendDate = new Date(text.at.getTime() + 8 * 3_600_000).toISOString().slice(0, 10).replaceAll("-", "");
  const pageSize = 50;
  for (let page = 1; page <= 20; page += 1) {
    const input = { PhoneNumber: text.to.replace(/^\+86/, ""), SendDate, CurrentPage: String(page), PageSize: "50" };
    const { SmsSendDetailDTOs } = await ask(access, "QuerySendDetails", input, Details);
    const details = SmsSendDetailDTOs?.SmsSendDetailDTO ?? [];
    const detail = details.find(({ OutId }) => OutId === text.reference);
    if (detail !== undefined) {
      if (detail.SendStatus === 1) return { kind: "taken" };
      const receipt = {
        id: "",
        to: text.to,
        reference: text.reference,
        delivered: detail.SendStatus === 3,
        code: detail.ErrCode,
        at: chinaInstant(detail.ReceiveDate, access.now()),
      };
      return { kind: "taken", receipt };
    }
    if (details.length < pageSize) return { kind: "not_taken" };
  }
  return { kind: "unclear" };
}

const PushedReceipts = z.array(
  z.object({
    phone_number: z.string(),
    report_time: z.string().default(""),
    success: z.boolean(),
    err_code: z.string().default(""),
    biz_id: z.string().min(1),
    out_id: z.string().nullish(),
  }),
);
const PushedReplies = z.array(
  z.object({
    phone_number: z.string(),
    send_time: z.string().default(""),
    content: z.string(),
    sign_name: z.string().nullish(),
  }),
);

function readCallback(body: string, now: Date): Callback | undefined {
  const json = parseJson(body);
  const receipts = PushedReceipts.safeParse(json);
  if (receipts.success)
    return {
      replies: [],
      receipts: receipts.data.map((each) => ({
        id: each.biz_id,
        to: international(each.phone_number),
        reference: each.out_id ?? "",
        delivered: each.success,
        code: each.err_code,
        at: chinaInstant(each.report_time, now),
      })),
    };
  const replies = PushedReplies.safeParse(json);
  if (!replies.success) return undefined;
  return {
    receipts: [],
    replies: replies.data.map((each) => ({
      from: international(each.phone_number),
      signature: each.sign_name ?? "",
      text: each.content,
      at: chinaInstant(each.send_time, now),
    })),
  };
}

export const aliyun: SmsProvider = {
  name: "aliyun",
  label: { zh: "阿里云", en: "Alibaba Cloud" },
  url: "https://dysmsapi.aliyuncs.com/",
  needsAppId: false,
  batch: 1,
  hasTemplates: true,
  send: (access, texts) => Promise.all(texts.map((text) => sendOne(access, text))),
  readCallback,
  taken: '{"code":0,"msg":"成功"}',
  query,
  async check(access) {
    const at = access.now().toISOString().slice(0, 10).replaceAll("-", "");
    await ask(
      access,
      "QuerySendDetails",
      // Anybody's number: only key and right matter.
      { PhoneNumber: "13800000000", SendDate: at, CurrentPage: "1", PageSize: "1" },
      z.unknown(),
    );
  },
};
