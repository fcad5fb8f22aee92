import { z } from "zod";

/** Whoever carries text messages: `tencent` is Tencent Cloud SMS, `aliyun` Alibaba's, `emay` 亿美软通. */
export const Carrier = z.enum(["tencent", "aliyun", "emay"]);
export type Carrier = z.output<typeof Carrier>;

const Status = z.enum(["approved", "pending", "refused"]);
/** Only a name: it is approved. */
const Signature = z.preprocess(
  (value) => (typeof value === "string" ? { name: value } : value),
  z.object({ name: z.string().min(1).max(20), status: Status.default("approved") }),
);
const TextTemplate = z.object({
  id: z.string().min(1).max(60),
  /** Tencent's variables are `{1}`, Aliyun's `${name}`; emay has whole texts and no templates. */
  text: z.string().min(1).max(500),
  status: Status.default("approved"),
});

export const NewCarrierAccount = z.object({
  id: z.string().min(1).max(60).optional(),
  carrier: Carrier,
  /** Tencent's SecretId, Aliyun's AccessKeyId, emay's appId. */
  keyId: z.string().min(1).max(100),
  /** emay's is an AES key: 16 characters. */
  secret: z.string().min(1).max(100),
  /** Tencent's SmsSdkAppId. */
  sdkAppId: z.string().max(40).default(""),
  signatures: z.array(Signature).max(100).default([]),
  templates: z.array(TextTemplate).max(200).default([]),
  /** Where receipts are pushed to; null: they wait to be pulled. */
  receiptUrl: z.url().nullable().default(null),
  /** Where what people answer is pushed to. */
  replyUrl: z.url().nullable().default(null),
  /** Text messages that are paid for. */
  balance: z.int().min(0).default(100_000),
  /** `auto`: whoever gets a message has it at once, and the receipt goes out. */
  receipts: z.enum(["auto", "manual"]).default("auto"),
});
export type NewCarrierAccount = z.input<typeof NewCarrierAccount>;
export const CarrierAccount = NewCarrierAccount.required({ id: true });
export type CarrierAccount = z.output<typeof CarrierAccount>;

export const CarriedText = z.object({
  /** Tencent's SerialNo, Aliyun's BizId, emay's smsId. */
  id: z.string(),
  accountId: z.string(),
  carrier: Carrier,
  /** `+8613800000000` */
  phone: z.string(),
  signature: z.string(),
  templateId: z.string().nullable(),
  /** As it stands on the phone. */
  text: z.string(),
  /** SessionContext, OutId or customSmsId. */
  reference: z.string(),
  at: z.number(),
  segments: z.int(),
  report: z.object({ code: z.string(), delivered: z.boolean(), at: z.number() }).nullable(),
  /** Tries of pushing the report; it is taken when the other side says so, or pulls it. */
  pushes: z.int(),
  taken: z.boolean(),
});
export type CarriedText = z.output<typeof CarriedText>;

/** What somebody wrote back. */
export const CarriedReply = z.object({
  accountId: z.string(),
  phone: z.string(),
  signature: z.string(),
  text: z.string(),
  at: z.number(),
  id: z.string(),
  taken: z.boolean(),
});
export type CarriedReply = z.output<typeof CarriedReply>;

/** Trouble with the next `count` calls, or receipts, of a carrier. */
export const CarrierFault = z.object({
  carrier: Carrier.optional(),
  accountId: z.string().optional(),
  count: z.int().min(1).max(1_000_000).default(1),
  /** Refuse every number with this code of the carrier's own. */
  code: z.string().max(100).optional(),
  /** Answer this HTTP status, and do nothing. */
  status: z.int().min(400).max(599).optional(),
  /** Cut the connection before the work, or after it and without an answer. */
  drop: z.enum(["before", "after"]).optional(),
  delayMs: z.int().min(0).max(120_000).optional(),
  /** Say yes, and report this code later. */
  report: z.string().max(60).optional(),
});
export type CarrierFault = z.output<typeof CarrierFault>;

export const SavedCarriers = z.object({
  accounts: z.array(CarrierAccount).default([]),
  texts: z.array(CarriedText).default([]),
  replies: z.array(CarriedReply).default([]),
});
export type SavedCarriers = z.output<typeof SavedCarriers>;
