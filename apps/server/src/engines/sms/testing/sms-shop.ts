import { startEmulator } from "@zhanggui/emulator/emulator";
import type { NewCarrierAccount } from "@zhanggui/emulator/sms/model";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { openTestServer } from "../../../testing/test-server.ts";

export const given = {
  tencent: {
    carrier: "tencent",
    keyId: "AKIDlantern",
    secret: "lantern-secret",
    sdkAppId: "1400006666",
    signatures: ["灯笼茶"],
    templates: [
      { id: "1110", text: "验证码{1}，{2}分钟内有效。" },
      { id: "1112", text: "取茶号{1}" },
    ],
  },
  aliyun: {
    carrier: "aliyun",
    keyId: "LTAIlantern",
    secret: "lantern-secret",
    signatures: ["灯笼茶"],
    templates: [
      { id: "SMS_1110", text: "验证码${code}，${minutes}分钟内有效。" },
      { id: "SMS_1112", text: "取茶号${number}" },
    ],
  },
  emay: { carrier: "emay", keyId: "EUCP-LANTERN", secret: "0123456789abcdef", signatures: ["灯笼茶"] },
} satisfies Record<string, NewCarrierAccount>;
export type Name = keyof typeof given;
const codes: Record<Name, Record<"code" | "notice", string>> = {
  tencent: { code: "1110", notice: "1112" },
  aliyun: { code: "SMS_1110", notice: "SMS_1112" },
  emay: { code: "", notice: "" },
};
export const texts = { code: "验证码{{ code }}，{{ minutes }}分钟内有效。", notice: "取茶号{{ number }}" };

let number = 0;
const phone = () => `138${String(10_000_000 + (number += 1))}`;

export type SmsShop = Awaited<ReturnType<typeof openSmsShop>>;

/** A business that sends text messages by the emulator's carriers, and has no account at any yet. */
export async function openSmsShop(clusterUrl: string) {
  const clock = new TurnableClock();
  const emulator = await startEmulator({ clock });
  const server = await openTestServer(clusterUrl, { clock, env: { SMS_API_URL: emulator.url } });
  const owner = await server.asOwner();
  const { sms } = owner.api;
  const network = () => emulator.world.state.carriers;

  /** Accounts with these weights, and a template that all of them have approved. */
  async function opened(weights: Partial<Record<Name, number>>, category: "code" | "notice" = "notice") {
    const accounts = {} as Record<Name, string>;
    for (const [name, weight] of Object.entries(weights) as [Name, number][]) {
      if (network().byKey(name, given[name].keyId) === undefined) network().open(given[name]);
      const { keyId, secret } = given[name];
      const sdkAppId = name === "tencent" ? { sdkAppId: "1400006666" } : {};
      const made = await sms.createAccount({ name, provider: name, keyId, secret, weight, ...sdkAppId });
      accounts[name] = made.id;
    }
    const bindings = (Object.keys(weights) as Name[]).map((name) => {
      return { accountId: accounts[name], signature: "灯笼茶", code: codes[name][category] };
    });
    const { id } = await sms.createTemplate({ name: category, category, text: texts[category], bindings });
    return { accounts, templateId: id };
  }

  return {
    emulator,
    server,
    owner,
    network,
    opened,
    /** Sends the template to somebody new. */
    send: (templateId: string) => sms.testTemplate({ templateId, phone: phone(), values: { number: "A7" } }),
    attempts: async () => (await sms.listAttempts({ limit: 200 })).items,
    /** Receipts come when a test says so. */
    holdReceipts: (name: Name) =>
      void Object.assign(network().byKey(name, given[name].keyId) ?? {}, { receipts: "manual" }),
    async close() {
      await server.close();
      await emulator.stop();
    },
  };
}
