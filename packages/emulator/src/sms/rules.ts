/**
 * What carriers allow, with source. Their error codes stand where they are answered. Everything here is read by the
 * carriers' stand-ins and told by `GET /emulator/sms`.
 */
export const carrierRules = {
  /** cloud.tencent.com/document/product/382/55981: numbers of one SendSms. */
  tencentNumbers: 200,
  /** help.aliyun.com/document_detail/419273.html: numbers of one SendSms. */
  aliyunNumbers: 1000,
  /** help.aliyun.com/document_detail/419274.html: numbers of one SendBatchSms. */
  aliyunBatch: 100,
  /** emay's clients (sendBatchSMS, getReport): recalled. */
  emayNumbers: 500,
  /** cloud.tencent.com/document/product/382/3778, faq: the same text to one number. */
  tencentSameTextMs: 30_000,
  tencentPerDay: 10,
  /** help.aliyun.com/document_detail/44335.html: codes to one number by one signature. */
  aliyunPerMinute: 1,
  aliyunPerHour: 5,
  aliyunPerDay: 10,
  /** A first text of up to 70 characters; of a longer one each part has 67 (both carriers). */
  firstPart: 70,
  longPart: 67,
  /** docs of the signatures: a request is good for so long. */
  tencentSkewMs: 300_000,
  aliyunSkewMs: 900_000,
  /** Receipts of one push, or pull. */
  receiptsAtOnce: 100,
  /** Tries of a push: Tencent two more, Aliyun three more (382/59178; 101867). */
  pushTries: { tencent: 3, aliyun: 4, emay: 3 },
} as const;

/** How many texts are paid for. */
export function segmentsOf(text: string): number {
  const length = Array.from(text).length;
  return length <= carrierRules.firstPart ? 1 : Math.ceil(length / carrierRules.longPart);
}
