import { Injectable } from "@nestjs/common";
import { Fault } from "@zhanggui/kit/contract/fault";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { outcomeOfWrite, TokenFailure } from "@zhanggui/wechat/client";
import { explainErrcode } from "@zhanggui/wechat/errcodes";
import { sendCustomMessage } from "@zhanggui/wechat/calls/custom-messages";
import { sendTemplateMessage } from "@zhanggui/wechat/calls/template-messages";
import { WechatError } from "@zhanggui/wechat/transport";
import { createTransport, type Transporter } from "nodemailer";
import { z } from "zod";
import { appOff } from "../../connect/connect.contract.ts";
import { WechatClients } from "../../connect/clients.ts";
import type { DeliveryRow } from "../deliveries.ts";
import { explain } from "./reasons.ts";

/**
 * What a sending came to. `not_sent`: it certainly did not go out and may be tried again; `refused`: it did not, and
 * trying again is of no use; `unknown`: it may or may not have.
 */
export type Outcome =
  /** There is no receipt to wait for: the provider's answer was its last word. */
  | { readonly kind: "delivered"; readonly because: LocalizedText }
  | { readonly kind: "accepted"; readonly providerId: string; readonly because: LocalizedText }
  | {
      readonly kind: "refused" | "unknown";
      readonly because: LocalizedText;
      readonly details: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "not_sent"; readonly reason: string };

const TemplateContent = z.object({
  templateId: z.string(),
  data: z.record(z.string(), z.string()),
  url: z.string().optional(),
});
const ReplyContent = z.object({ text: z.string() });
const MailContent = z.object({ subject: z.string(), text: z.string() });

export interface Mail extends z.output<typeof MailContent> {
  /** The same for each try. */
  readonly id: string;
  readonly to: string;
}

/** Hands one delivery to its provider, and says what certainly is true afterwards. Never throws. */
@Injectable()
export class Senders {
  readonly #mailer: Transporter | undefined;
  readonly #from: string;
  readonly #mailUrl: string;

  constructor(
    runtime: Runtime,
    private readonly clients: WechatClients,
  ) {
    this.#from = runtime.env.MAIL_FROM;
    this.#mailUrl = runtime.env.SMTP_URL ?? "";
    if (runtime.env.SMTP_URL === undefined) return;
    // A pool: most servers make a newcomer wait, and some count connections.
    const mailer = createTransport({
      url: runtime.env.SMTP_URL,
      pool: true,
      maxConnections: 4,
      connectionTimeout: 5_000,
      greetingTimeout: 5_000,
      socketTimeout: 15_000,
    });
    runtime.onShutdown(() => mailer.close());
    this.#mailer = mailer;
  }

  /** The mail server, if there is one: greeted, and signed in to. @throws Error saying what it answered */
  async check(): Promise<string | undefined> {
    if (this.#mailer === undefined) return undefined;
    await this.#mailer.verify();
    return new URL(this.#mailUrl).host;
  }

  async send(ctx: Ctx, delivery: DeliveryRow): Promise<Outcome> {
    try {
      if (delivery.channel === "mail") return await this.#mail(delivery);
      return delivery.channel === "wechat_reply"
        ? await this.#reply(ctx, delivery)
        : await this.#template(ctx, delivery);
    } catch (error) {
      // Content that doesn't parse, an app that was switched off or unbound meanwhile: nothing was sent.
      ctx.log.error({ err: error, deliveryId: delivery.id }, "a delivery can't be sent");
      const isOff = error instanceof Fault && error.code === appOff.code;
      const because = isOff ? explain("appOff") : explain("refused", { reason: messageOf(error) });
      return { kind: "refused", because, details: {} };
    }
  }

  async #template(ctx: Ctx, delivery: DeliveryRow): Promise<Outcome> {
    const { templateId, data, url } = TemplateContent.parse(delivery.content);
    const client = await this.clients.of(ctx, delivery.wechatAppId);
    try {
      const message = { openid: delivery.to, templateId, data, url, clientMsgId: delivery.id };
      const { msgId } = await client.call(sendTemplateMessage, message);
      return { kind: "accepted", providerId: msgId, because: explain("acceptedWechat", { providerId: msgId }) };
    } catch (error) {
      return outcomeOfWechat(error);
    }
  }

  async #reply(ctx: Ctx, delivery: DeliveryRow): Promise<Outcome> {
    const { text } = ReplyContent.parse(delivery.content);
    const client = await this.clients.of(ctx, delivery.wechatAppId);
    try {
      await client.call(sendCustomMessage, { openid: delivery.to, message: { type: "text", text } });
      return { kind: "delivered", because: explain("replyDelivered") };
    } catch (error) {
      return outcomeOfWechat(error);
    }
  }

  #mail({ id, to, content }: DeliveryRow): Promise<Outcome> {
    return this.mail({ id, to, ...MailContent.parse(content) });
  }

  get hasMailServer(): boolean {
    return this.#mailer !== undefined;
  }

  /** Hands a mail to the server. Never throws. */
  async mail({ id, to, subject, text }: Mail): Promise<Outcome> {
    if (this.#mailer === undefined) return { kind: "refused", because: explain("noMailServer"), details: {} };
    try {
      const sent: unknown = await this.#mailer.sendMail({
        from: this.#from,
        to,
        subject,
        text,
        messageId: `<${id}@zhanggui>`,
        // RFC 3834: nobody's vacation notice should answer a machine.
        headers: { "auto-submitted": "auto-generated" },
      });
      const { response } = z.object({ response: z.string() }).parse(sent);
      return {
        kind: "accepted",
        providerId: `<${id}@zhanggui>`,
        because: explain("acceptedMail", { answer: response }),
      };
    } catch (error) {
      return outcomeOfMail(error);
    }
  }
}

function outcomeOfWechat(error: unknown): Outcome {
  const refusal = error instanceof TokenFailure ? error.cause : error;
  if (refusal instanceof WechatError && outcomeOfWrite(refusal) === "not_done") return refused(refusal);
  const reason = messageOf(error);
  if (outcomeOfWrite(error) === "not_done") return { kind: "not_sent", reason };
  return { kind: "unknown", because: explain("noAnswer", { reason }), details: {} };
}

/** Throttling passes; every other refusal stays one. */
function refused(error: WechatError): Outcome {
  const { zh, en } = explainErrcode(error.errcode);
  if (error.kind === "throttled") return { kind: "not_sent", reason: `${error.errcode} ${error.errmsg}` };
  const because = {
    zh: explain("refused", { reason: `${error.errcode} ${zh}` }).zh,
    en: explain("refused", { reason: `${error.errcode} ${en}` }).en,
  };
  return { kind: "refused", because, details: { errcode: error.errcode, errmsg: error.errmsg, rid: error.rid } };
}

/** An SMTP conversation that broke before the text was handed over certainly sent nothing (RFC 5321 §4.1.1.4). */
const beforeTheText = new Set(["CONN", "EHLO", "HELO", "LHLO", "STARTTLS", "AUTH", "MAIL FROM", "RCPT TO", "API"]);

export function outcomeOfMail(error: unknown): Outcome {
  const { command, responseCode } = z
    .object({ command: z.string().optional().catch(undefined), responseCode: z.number().optional().catch(undefined) })
    .catch({})
    .parse(error);
  const reason = messageOf(error);
  if (responseCode !== undefined && responseCode >= 500) {
    return { kind: "refused", because: explain("refused", { reason }), details: { responseCode } };
  }
  // 4xx: the server says itself that it did not take it.
  if (responseCode !== undefined && responseCode >= 400) return { kind: "not_sent", reason };
  if (command !== undefined && [...beforeTheText].some((each) => command.startsWith(each)))
    return { kind: "not_sent", reason };
  return { kind: "unknown", because: explain("noAnswer", { reason }), details: {} };
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 300);
}
