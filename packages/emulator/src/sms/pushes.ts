import type { NetworkHost } from "./host.ts";
import type { CarriedReply, CarriedText, CarrierAccount } from "./model.ts";

const timeoutMs = 5_000;

/** `2026-11-30 08:03:04`, in China. */
export function chinaTime(at: number): string {
  return new Date(at + 8 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");
}

/** `+8613800000000` → `13800000000`: carriers tell numbers at home without their country. */
export function national(phone: string): string {
  return phone.replace(/^\+86/, "");
}

/** Tencent's form: cloud.tencent.com/document/product/382/59178. */
function tencentReceipt({ phone, report, id }: CarriedText): Record<string, unknown> {
  return {
    user_receive_time: chinaTime(report?.at ?? 0),
    nationcode: "86",
    mobile: national(phone),
    report_status: report?.delivered === true ? "SUCCESS" : "FAIL",
    errmsg: report?.code ?? "",
    description: report?.delivered === true ? "用户短信送达成功" : "用户短信送达失败",
    sid: id,
  };
}

/** Aliyun's: help.aliyun.com/zh/sms/developer-reference/smsreport-2. */
export function aliyunReceipt({ phone, report, id, at, segments, reference }: CarriedText): Record<string, unknown> {
  return {
    phone_number: national(phone),
    send_time: chinaTime(at),
    report_time: chinaTime(report?.at ?? 0),
    success: report?.delivered === true,
    err_code: report?.delivered === true ? "DELIVERED" : (report?.code ?? ""),
    err_msg: report?.delivered === true ? "用户接收成功" : "用户接收失败",
    sms_size: String(segments),
    biz_id: id,
    out_id: reference,
  };
}

/** emay's, as its clients read it: recalled. */
export function emayReceipt({ phone, report, id, at, reference }: CarriedText): Record<string, unknown> {
  return {
    smsId: id,
    customSmsId: reference,
    mobile: national(phone),
    state: report?.code ?? "",
    desc: report?.delivered === true ? "成功" : "失败",
    receiveTime: chinaTime(report?.at ?? 0),
    submitTime: chinaTime(at),
    extendedCode: "",
  };
}

/** Pushes receipts, and marks those that were taken: Tencent wants `result: 0`, Aliyun `code: 0`, emay `success`. */
export async function pushReceipts(
  state: NetworkHost,
  account: CarrierAccount,
  url: string,
  texts: readonly CarriedText[],
): Promise<void> {
  const form = { tencent: tencentReceipt, aliyun: aliyunReceipt, emay: emayReceipt }[account.carrier];
  for (const text of texts) text.pushes += 1;
  const taken = await hand(state, account, url, texts.map(form), `${texts.length} receipts`);
  if (taken) for (const text of texts) text.taken = true;
}

export async function pushReply(
  state: NetworkHost,
  account: CarrierAccount,
  url: string,
  reply: CarriedReply,
): Promise<void> {
  const { phone, signature, text, at, id } = reply;
  const forms = {
    tencent: {
      extend: "",
      mobile: national(phone),
      nationcode: "86",
      sign: signature,
      text,
      time: Math.floor(at / 1000),
    },
    aliyun: [
      {
        phone_number: national(phone),
        send_time: chinaTime(at),
        content: text,
        sign_name: signature,
        dest_code: "",
        sequence_id: id,
      },
    ],
    emay: [{ mobile: national(phone), content: text, moTime: chinaTime(at), extendedCode: "" }],
  };
  if (await hand(state, account, url, forms[account.carrier], "a reply")) reply.taken = true;
}

async function hand(
  state: NetworkHost,
  account: CarrierAccount,
  url: string,
  body: unknown,
  what: string,
): Promise<boolean> {
  const startedAt = performance.now();
  const request = JSON.stringify(body);
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), state.stopping.signal]);
  const headers = { "content-type": "application/json;charset=utf-8" };
  let status: number | null = null;
  let response = "";
  try {
    const answer = await fetch(url, { method: "POST", headers, body: request, signal, redirect: "error" });
    ({ status } = answer);
    response = (await answer.text()).slice(0, 2000);
  } catch (error) {
    response = error instanceof Error ? error.message : String(error);
  }
  const taken = status === 200 && isYes(account.carrier, response);
  state.journal.add({
    id: state.nextId("text"),
    at: state.now(),
    kind: "sms",
    appid: null,
    what: `${account.carrier}: ${what}`,
    method: "POST",
    url,
    status,
    errcode: null,
    ms: Math.round(performance.now() - startedAt),
    tries: 1,
    request,
    response,
    note: taken ? "ok" : "not taken: it is pushed again",
  });
  return taken;
}

function isYes(carrier: CarrierAccount["carrier"], response: string): boolean {
  if (carrier === "emay") return /^\W*success\W*$/i.test(response);
  try {
    const answer = JSON.parse(response) as { result?: unknown; code?: unknown } | null;
    return (carrier === "tencent" ? answer?.result : answer?.code) === 0;
  } catch {
    return false;
  }
}
