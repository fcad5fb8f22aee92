import { bilingual } from "./text.ts";
import { z } from "zod";

/** How a code reaches somebody. */
export const Channel = z.enum(["phone", "mail"]);
export type Channel = z.output<typeof Channel>;

const wrong = {
  phone: bilingual({
    zh: "请输入 11 位手机号，或以 + 开头的国际号码。",
    en: "A mobile number of 11 digits, or one of another country with a + before it.",
  }),
  mail: bilingual({ zh: "请输入邮箱地址。", en: "A mail address." }),
};

/**
 * A phone number however it is typed or pasted: full-width digits, what nobody sees, spaces, hyphens, dots, `tel:` and
 * China's country code go, so that one number is one address. A number of another country keeps its plus.
 */
export const PhoneNumber = z
  .string()
  .max(40)
  .transform((typed) =>
    typed
      .normalize("NFKC")
      .replaceAll(/[\p{Cf}\p{Dash}\s().]/gu, "")
      .replace(/^tel:/i, "")
      .replace(/^(?:\+|00)?86(?=1\d{10}$)/, ""),
  )
  .pipe(z.string().regex(/^(?:1\d{10}|\+[1-9]\d{6,14})$/, { error: wrong.phone }));
export const MailAddress = z.string().trim().toLowerCase().pipe(z.email().max(200));

const typed = { phone: PhoneNumber, mail: MailAddress };

/** For bodies with a channel and an address: what can't be one is told at its field, before anything else is done. */
export function checkAddress({ value, issues }: z.core.ParsePayload<{ channel: Channel; address: string }>): void {
  const { channel, address } = value;
  if (typed[channel].safeParse(address).success) return;
  issues.push({ code: "custom", path: ["address"], message: wrong[channel], input: address });
}

/** As it is known to us. @throws ZodError for what `checkAddress` refuses */
export function readAddress(channel: Channel, address: string): string {
  return typed[channel].parse(address);
}

/** The same; undefined for what is no address of the channel. */
export function addressIn(channel: Channel, address: string): string | undefined {
  return typed[channel].safeParse(address).data;
}

/** Enough for whoever knows it, too little for whoever doesn't. */
export function maskAddress(channel: Channel, address: string): string {
  if (channel === "mail") return address.replace(/^(.).*@/, "$1***@");
  return `${address.slice(0, -8)}****${address.slice(-4)}`;
}
