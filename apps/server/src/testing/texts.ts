import type { Api } from "./test-server.ts";
import type { EmulatorControl } from "./emulator-control.ts";

const signature = "灯笼茶";

/** Two accounts at carriers that take turns, templates for codes and for whoever's tea is ready, and three texts. */
export async function openTexts(api: Api, emulator: EmulatorControl): Promise<void> {
  const secret = "lantern-tea-secret";
  const signatures = [signature];
  await emulator.openCarrier({
    carrier: "tencent",
    keyId: "AKID-lantern-tea",
    secret,
    sdkAppId: "1400006666",
    signatures,
    templates: [
      { id: "1801", text: "您的验证码是{1}，{2}分钟内有效。" },
      { id: "1802", text: "您点的{1}做好了，取茶号{2}。" },
    ],
  });
  await emulator.openCarrier({
    carrier: "aliyun",
    keyId: "LTAI-lantern-tea",
    secret,
    signatures,
    templates: [
      { id: "SMS_1801", text: "您的验证码是${code}，${minutes}分钟内有效。" },
      { id: "SMS_1802", text: "您点的${tea}做好了，取茶号${number}。" },
    ],
  });
  const tencent = {
    provider: "tencent",
    name: "腾讯云主账号",
    keyId: "AKID-lantern-tea",
    sdkAppId: "1400006666",
  } as const;
  const aliyun = { provider: "aliyun", name: "阿里云", keyId: "LTAI-lantern-tea" } as const;
  const first = await api.sms.createAccount({ ...tencent, secret, weight: 3 });
  const second = await api.sms.createAccount({ ...aliyun, secret, weight: 1 });
  const bindings = (number: string) => [
    { accountId: first.id, signature, code: number },
    { accountId: second.id, signature, code: `SMS_${number}` },
  ];
  await api.sms.createTemplate({
    name: "登录验证码",
    category: "code",
    text: "您的验证码是{{ code }}，{{ minutes }}分钟内有效。",
    bindings: bindings("1801"),
  });
  const { id: templateId } = await api.sms.createTemplate({
    name: "取茶通知",
    category: "notice",
    text: "您点的{{ tea }}做好了，取茶号{{ number }}。",
    bindings: bindings("1802"),
  });
  const teas = ["桂花乌龙", "陈皮白茶", "炭焙铁观音"];
  for (const [index, tea] of teas.entries())
    await api.sms.testTemplate({
      templateId,
      phone: `1380000000${index + 1}`,
      values: { tea, number: `A${index + 1}` },
    });
}
