// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated } from "kysely";

export interface SmsTables {
  sms_account: {
    tenantId: Generated<string>;
    id: Generated<string>;
    name: string;
    provider: "tencent" | "aliyun" | "emay";
    keyId: string;
    secretSealed: string;
    sdkAppId: string | null;
    weight: Generated<number>;
    perSecond: number | null;
    enabled: Generated<boolean>;
    callbackKey: string;
    failures: Generated<number>;
    brokenUntil: Date | null;
    zh: string | null;
    en: string | null;
    createdAt: Generated<Date>;
    deletedAt: Date | null;
  };
  sms_attempt: {
    tenantId: Generated<string>;
    id: Generated<string>;
    messageId: string;
    number: number;
    category: "code" | "notice" | "marketing";
    templateId: string;
    accountId: string;
    phone: string;
    phoneSealed: string | null;
    why: "recipient" | "recipient_limit" | "template" | "values" | "account" | "window" | "busy" | "request" | null;
    state: Generated<
      "submitting" | "accepted" | "delivered" | "undelivered" | "no_receipt" | "refused" | "unreached" | "unknown"
    >;
    code: string | null;
    zh: string;
    en: string;
    providerId: string | null;
    segments: number | null;
    createdAt: Generated<Date>;
    answeredAt: Date | null;
    askedAt: Date | null;
    reportedAt: Date | null;
  };
  sms_binding: {
    tenantId: Generated<string>;
    templateId: string;
    accountId: string;
    signature: string;
    code: string;
    refusedAt: Date | null;
    zh: string | null;
    en: string | null;
  };
  sms_receipt: {
    tenantId: Generated<string>;
    accountId: string;
    providerId: string;
    delivered: boolean;
    code: string;
    receivedAt: Date;
  };
  sms_reply: {
    tenantId: Generated<string>;
    id: Generated<string>;
    accountId: string;
    phone: string;
    signature: string;
    text: string;
    at: Date;
    fingerprint: string;
  };
  sms_template: {
    tenantId: Generated<string>;
    id: Generated<string>;
    name: string;
    category: "code" | "notice" | "marketing";
    text: string;
    enabled: Generated<boolean>;
    createdAt: Generated<Date>;
    deletedAt: Date | null;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends SmsTables {}
}
