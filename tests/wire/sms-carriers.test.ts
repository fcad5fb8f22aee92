import { createRequire } from "node:module";
import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import type { NewCarrierAccount } from "@zhanggui/emulator/sms/model";
import type { Access, Text } from "@zhanggui/sms/provider";
import { providers } from "@zhanggui/sms/providers";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/*
 * The carriers' stand-ins against the carriers' own SDKs, unmodified but for the endpoint, and against our client.
 */
const require = createRequire(import.meta.url);
const tencentSdk = require("tencentcloud-sdk-nodejs-sms") as typeof import("tencentcloud-sdk-nodejs-sms");
const aliyunSdk = require("@alicloud/dysmsapi20170525") as typeof import("@alicloud/dysmsapi20170525");
const { $OpenApiUtil } = require(
  require.resolve("@alicloud/openapi-core", { paths: [require.resolve("@alicloud/dysmsapi20170525")] }),
) as { $OpenApiUtil: { Config: new (given: Record<string, unknown>) => never } };

let emulator: Emulator;
const accounts = {
  tencent: {
    carrier: "tencent",
    keyId: "AKIDlantern",
    secret: "lantern-secret",
    sdkAppId: "1400006666",
    signatures: ["灯笼茶", { name: "待审核", status: "pending" }],
    templates: [
      { id: "1110", text: "验证码{1}，{2}分钟内有效。" },
      { id: "1111", text: "还没通过", status: "pending" },
    ],
  },
  aliyun: {
    carrier: "aliyun",
    keyId: "LTAIlantern",
    secret: "lantern-secret",
    signatures: ["灯笼茶"],
    templates: [
      { id: "SMS_1110", text: "验证码${code}，${minutes}分钟内有效。" },
      { id: "SMS_1112", text: "您的茶已备好，取茶号${number}。" },
    ],
  },
  emay: { carrier: "emay", keyId: "EUCP-LANTERN", secret: "0123456789abcdef", signatures: ["灯笼茶"] },
} satisfies Record<string, NewCarrierAccount>;
const ids = {} as Record<keyof typeof accounts, string>;

beforeEach(async () => {
  emulator = await startEmulator({ seed: 9 });
  for (const name of ["tencent", "aliyun", "emay"] as const)
    ids[name] = emulator.world.state.carriers.open(accounts[name]).id;
});
afterEach(() => emulator.stop());

const network = () => emulator.world.state.carriers;

describe("Tencent's own SDK", () => {
  const client = (changes: { secretKey?: string } = {}) =>
    new tencentSdk.sms.v20210111.Client({
      credential: { secretId: accounts.tencent.keyId, secretKey: accounts.tencent.secret, ...changes },
      region: "ap-guangzhou",
      profile: { httpProfile: { endpoint: new URL(emulator.url).host, protocol: "http://" } },
    });
  const message = {
    SmsSdkAppId: accounts.tencent.sdkAppId,
    SignName: "灯笼茶",
    TemplateId: "1110",
    TemplateParamSet: ["246813", "5"],
  };

  test("sends to many, each with its own outcome; receipts are pulled once", async () => {
    const PhoneNumberSet = ["+8613800000001", "13800000002", "12"];
    const { SendStatusSet = [] } = await client().SendSms({ ...message, PhoneNumberSet, SessionContext: "order 7" });
    expect(SendStatusSet.map(({ Code, Fee, PhoneNumber }) => ({ Code, Fee, PhoneNumber }))).toEqual([
      { Code: "Ok", Fee: 1, PhoneNumber: "+8613800000001" },
      { Code: "Ok", Fee: 1, PhoneNumber: "+8613800000002" },
      { Code: "InvalidParameterValue.IncorrectPhoneNumber", Fee: 0, PhoneNumber: "12" },
    ]);
    expect(network().texts.map(({ text }) => text)).toEqual(Array(2).fill("【灯笼茶】验证码246813，5分钟内有效。"));
    const pull = () => client().PullSmsSendStatus({ Limit: 10, SmsSdkAppId: accounts.tencent.sdkAppId });
    const { PullSmsSendStatusSet: pulled = [] } = await pull();
    expect(
      pulled.map(({ SerialNo, ReportStatus, SessionContext }) => ({ SerialNo, ReportStatus, SessionContext })),
    ).toEqual(
      SendStatusSet.slice(0, 2).map(({ SerialNo }) => ({
        SerialNo,
        ReportStatus: "SUCCESS",
        SessionContext: "order 7",
      })),
    );
    expect((await pull()).PullSmsSendStatusSet).toEqual([]);
  });

  test("a wrong secret, a template that waits, the same text at once: each has its code", async () => {
    const wrong = client({ secretKey: "another" }).SendSms({ ...message, PhoneNumberSet: ["13800000001"] });
    await expect(wrong).rejects.toMatchObject({ code: "AuthFailure.SignatureFailure" });
    const codeOf = async (changes: object) => {
      const { SendStatusSet } = await client().SendSms({ ...message, PhoneNumberSet: ["13800000001"], ...changes });
      return SendStatusSet?.[0]?.Code;
    };
    expect(await codeOf({ TemplateId: "1111" })).toBe("FailedOperation.TemplateIncorrectOrUnapproved");
    expect(await codeOf({ SignName: "待审核" })).toBe("FailedOperation.SignatureIncorrectOrUnapproved");
    expect(await codeOf({ TemplateParamSet: ["1"] })).toBe("FailedOperation.TemplateParamSetNotMatchApprovedTemplate");
    expect(await codeOf({})).toBe("Ok");
    expect(await codeOf({})).toBe("LimitExceeded.PhoneNumberThirtySecondLimit");
    const many = Array.from({ length: 201 }, (_, index) => String(13_800_000_000 + index));
    await expect(client().SendSms({ ...message, PhoneNumberSet: many })).rejects.toMatchObject({
      code: "LimitExceeded.PhoneNumberCountLimit",
    });
    expect(network().texts).toHaveLength(1);
  });
});

describe("Aliyun's own SDK", () => {
  const client = (changes: Record<string, unknown> = {}) =>
    new aliyunSdk.default(
      new $OpenApiUtil.Config({
        accessKeyId: accounts.aliyun.keyId,
        accessKeySecret: accounts.aliyun.secret,
        endpoint: new URL(emulator.url).host,
        protocol: "http",
        ...changes,
      }),
    );
  const message = { signName: "灯笼茶", templateCode: "SMS_1110", templateParam: '{"code":"246813","minutes":"5"}' };

  test.each([{}, { signatureAlgorithm: "v2" }])("sends, and asks what came of it (%o)", async (how) => {
    const request = new aliyunSdk.SendSmsRequest({ ...message, phoneNumbers: "13800000001", outId: "order 7" });
    const { body } = await client(how).sendSms(request);
    expect(body).toMatchObject({ code: "OK", bizId: expect.any(String) as string });
    const [text] = network().texts;
    expect(text).toMatchObject({
      text: "【灯笼茶】验证码246813，5分钟内有效。",
      reference: "order 7",
      id: body?.bizId,
    });
    const sendDate = new Date((text?.at ?? 0) + 8 * 3_600_000).toISOString().slice(0, 10).replaceAll("-", "");
    const query = { phoneNumber: "13800000001", sendDate, currentPage: 1, pageSize: 10 };
    const { body: details } = await client(how).querySendDetails(new aliyunSdk.QuerySendDetailsRequest(query));
    expect(details?.smsSendDetailDTOs?.smsSendDetailDTO).toMatchObject([{ outId: "order 7", sendStatus: 3 }]);
  });

  test("many with a name each; codes are limited; a wrong secret is refused", async () => {
    const batch = new aliyunSdk.SendBatchSmsRequest({
      phoneNumberJson: '["13800000001","13800000002"]',
      signNameJson: '["灯笼茶","灯笼茶"]',
      templateCode: "SMS_1112",
      templateParamJson: '[{"number":"A1"},{"number":"A2"}]',
    });
    expect((await client().sendBatchSms(batch)).body).toMatchObject({ code: "OK" });
    expect(network().texts.map(({ text }) => text)).toEqual([
      "【灯笼茶】您的茶已备好，取茶号A1。",
      "【灯笼茶】您的茶已备好，取茶号A2。",
    ]);
    const one = new aliyunSdk.SendSmsRequest({ ...message, phoneNumbers: "13800000003" });
    expect((await client().sendSms(one)).body?.code).toBe("OK");
    expect((await client().sendSms(one)).body?.code).toBe("isv.BUSINESS_LIMIT_CONTROL");
    await expect(client({ accessKeySecret: "another" }).sendSms(one)).rejects.toMatchObject({
      code: "SignatureDoesNotMatch",
    });
  });
});

/** What the two sides must agree on, whichever carrier it is. */
describe.each(providers.map((provider) => [provider.name, provider] as const))("our client of %s", (name, provider) => {
  const given = accounts[name as keyof typeof accounts];
  const credentials = { keyId: given.keyId, secret: given.secret, sdkAppId: "1400006666" };
  const access = (changes: Partial<Access> = {}): Access => ({
    url: `${emulator.url}/`,
    credentials,
    now: () => new Date(),
    signal: AbortSignal.timeout(20_000),
    ...changes,
  });
  let number = 0;
  const text = (changes: Partial<Text> = {}): Text => {
    number += 1;
    return {
      to: `+861380001${String(number).padStart(4, "0")}`,
      signature: "灯笼茶",
      templateId: name === "tencent" ? "1110" : "SMS_1110",
      parameters: name === "tencent" ? { "1": "246813", "2": "5" } : { code: "246813", minutes: "5" },
      text: "验证码246813，5分钟内有效。",
      reference: `0190000${String(number).padStart(5, "0")}-7000-8000-000000000000`.slice(0, 36),
      ...changes,
    };
  };
  const only = async (given: Text, changes?: Partial<Access>) => (await provider.send(access(changes), [given]))[0];

  test("what it sends stands on the phone, and its receipt comes back", async () => {
    const given = text();
    const sent = await only(given);
    expect(sent).toMatchObject({ kind: "accepted" });
    const [carried] = network().texts;
    expect(carried).toMatchObject({ phone: given.to, text: "【灯笼茶】验证码246813，5分钟内有效。" });
    expect(sent).toMatchObject({ id: carried?.id });
    if (provider.pullReceipts !== undefined) {
      const receipts = await provider.pullReceipts(access());
      expect(receipts).toMatchObject([{ id: carried?.id, to: given.to, delivered: true }]);
      expect(await provider.pullReceipts(access())).toEqual([]);
    }
    if (provider.query !== undefined) {
      const found = await provider.query(access(), { ...given, at: new Date() });
      expect(found).toMatchObject({ kind: "taken", receipt: { delivered: true } });
    }
  });

  test("receipts and answers are pushed until they are taken, and read", async () => {
    const bodies: string[] = [];
    let yes = false;
    const server = await listen((body) => {
      bodies.push(body);
      return yes ? (provider.taken ?? "") : "no";
    });
    try {
      const account = network().accounts.get(ids[name as keyof typeof ids]);
      Object.assign(account ?? {}, { receiptUrl: server.url, replyUrl: server.url });
      const given = text();
      await only(given);
      await network().push();
      expect(network().texts.map(({ taken }) => taken)).toEqual([false]);
      yes = true;
      network().texts.forEach((each) => (each.pushes = 0));
      await network().push();
      expect(network().texts.map(({ taken }) => taken)).toEqual([true]);
      const { receipts } = provider.readCallback?.(bodies.at(-1) ?? "", new Date()) ?? {};
      expect(receipts).toMatchObject([{ id: network().texts[0]?.id, to: given.to, delivered: true }]);
      await network().answer({ accountId: account?.id ?? "", phone: given.to, text: "R" });
      const { replies } = provider.readCallback?.(bodies.at(-1) ?? "", new Date()) ?? {};
      expect(replies).toMatchObject([{ from: given.to, text: "R" }]);
      expect(network().replies).toMatchObject([{ taken: true }]);
    } finally {
      await server.close();
    }
  });

  test("a receipt that comes while another one is handed over goes out right after it", async () => {
    const taken: string[] = [];
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const server = await listen(async (body) => {
      taken.push(body);
      if (taken.length === 1) await held;
      return provider.taken ?? "";
    });
    try {
      Object.assign(network().accounts.get(ids[name as keyof typeof ids]) ?? {}, { receiptUrl: server.url });
      await only(text());
      await expect.poll(() => taken.length).toBe(1);
      await only(text());
      release();
      await expect.poll(() => network().texts.map(({ taken }) => taken)).toEqual([true, true]);
    } finally {
      await server.close();
    }
  });

  test("what certainly wasn't sent is told from what may have been", async () => {
    for (const to of ["+8612345", "+14155550123"])
      expect(await only(text({ to }))).toMatchObject({ kind: "refused", why: "recipient" });
    expect(await only(text({ signature: "别人" }))).toMatchObject({ kind: "refused", why: "template" });
    const order = network();
    order.addFault({ carrier: provider.name as "tencent", count: 1, status: 503 });
    expect(await only(text())).toMatchObject({ kind: "refused", why: "busy" });
    order.addFault({ carrier: provider.name as "tencent", count: 1, status: 502 });
    expect(await only(text())).toMatchObject({ kind: "unknown" });
    for (const code of ["InternalError.OtherError", "isp.SYSTEM_ERROR", "ERROR_NOBODY_KNOWS"]) {
      order.addFault({ carrier: provider.name as "tencent", count: 1, code });
      expect(await only(text())).toMatchObject({ kind: "unknown" });
    }
    expect(order.texts).toEqual([]);
    order.addFault({ carrier: provider.name as "tencent", count: 1, drop: "after" });
    expect(await only(text())).toMatchObject({ kind: "unknown" });
    expect(order.texts).toHaveLength(1);
    const gone = await listen(() => "");
    await gone.close();
    expect(await only(text(), { url: gone.url })).toMatchObject({ kind: "unreached" });
    order.addFault({ carrier: provider.name as "tencent", count: 1, delayMs: 60_000 });
    expect(await only(text(), { signal: AbortSignal.timeout(200) })).toMatchObject({ kind: "unknown" });
  });

  test("no money, or a wrong key, is the account's; checking says so without sending", async () => {
    const account = network().accounts.get(ids[name as keyof typeof ids]);
    await expect(provider.check(access())).resolves.toBeUndefined();
    Object.assign(account ?? {}, { balance: 0 });
    expect(await only(text())).toMatchObject({ kind: "refused", why: "account" });
    const wrong = { ...credentials, secret: "fedcba9876543210" };
    const refused = await only(text(), { credentials: wrong });
    expect(refused).toMatchObject({ kind: "refused" });
    await expect(provider.check(access({ credentials: wrong }))).rejects.toMatchObject({ name: "CarrierError" });
    expect(network().texts).toEqual([]);
  });

  test("many in one call: one outcome each, in their order", async () => {
    const texts = Array.from({ length: Math.min(provider.batch, 5) }, () => text());
    const sent = await provider.send(access(), texts);
    expect(sent.map(({ kind }) => kind)).toEqual(texts.map(() => "accepted"));
    const phones = sent.map((each) => network().texts.find(({ id }) => "id" in each && id === each.id)?.phone);
    expect(phones).toEqual(texts.map(({ to }) => to));
  });

  test("what nobody of the carrier's would push is none of it", () => {
    for (const body of ["", "null", "[1]", "{}", '[{"sid":1}]', "<xml/>", `[${"[".repeat(50_000)}`])
      expect(provider.readCallback?.(body, new Date())).toBeUndefined();
  });
});

async function listen(
  answer: (body: string) => string | Promise<string>,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      void Promise.resolve(answer(Buffer.concat(chunks).toString("utf8"))).then((text) => response.end(text));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/receipts`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
