import type { Language, LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { type Extensions, extensionPoint } from "@zhanggui/kit/server/extensions";
import type { Channel } from "@zhanggui/kit/contract/contact-address";

/** What somebody gets. It has the code in it: it is handed over, and written down nowhere. */
export interface CodeMessage {
  readonly address: string;
  readonly subject: string;
  readonly text: string;
  /** What a template of somebody's own puts in: `code`, `minutes`, `business`. */
  readonly values: Readonly<Record<string, string>>;
  /** The same for each try, so that a provider who looks at it sends it once. */
  readonly id: string;
}

/** `later`: it certainly didn't go out, and may be tried again. */
export type Sending =
  | { readonly kind: "sent" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "later"; readonly reason: string };

/** Given by the modules that reach people: what brings codes to one kind of address. */
export interface CodeSender {
  readonly channel: Channel;
  /** Whether it has somebody to hand messages to, of this tenant. */
  isReady(ctx: Ctx): boolean | Promise<boolean>;
  send(ctx: Ctx, message: CodeMessage): Promise<Sending>;
}
export const codeSender = extensionPoint<CodeSender>("codes.sender");

/** Who can bring codes to a kind of address for this tenant now. */
export async function readySenders(ctx: Ctx, extensions: Extensions, channel: Channel): Promise<CodeSender[]> {
  const senders = extensions.of(codeSender).flatMap(({ value }) => (value.channel === channel ? [value] : []));
  const ready: CodeSender[] = [];
  for (const sender of senders) if (await sender.isReady(ctx)) ready.push(sender);
  return ready;
}

/** What a code is sent with. Chinese text messages begin with whom they are from, as their providers ask. */
export const wording: Readonly<Record<"subject" | "text", LocalizedText>> = {
  subject: { zh: "{business}的验证码", en: "Your code for {business}" },
  text: {
    zh: "【{business}】验证码 {code}，{minutes} 分钟内有效。如非本人操作请忽略，不要告诉任何人。",
    en: "{business}: your code is {code}. It is valid for {minutes} minutes. Tell it to nobody; if you didn't ask for it, ignore it.",
  },
};

/** What is to be said, kept sealed until it is. */
export interface Kept {
  readonly address: string;
  readonly code: string;
  readonly language: Language;
  readonly minutes: number;
}
