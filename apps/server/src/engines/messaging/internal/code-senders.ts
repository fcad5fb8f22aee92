import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import type { CodeMessage, CodeSender, Sending } from "../../../foundation/codes/code-sender.ts";
import { Senders } from "./senders.ts";

/** Brings verification codes by mail. */
@Injectable()
export class MailCodes implements CodeSender {
  readonly channel = "mail";

  constructor(private readonly senders: Senders) {}

  isReady(): boolean {
    return this.senders.hasMailServer;
  }

  async send(_ctx: Ctx, { id, address, subject, text }: CodeMessage): Promise<Sending> {
    const outcome = await this.senders.mail({ id, to: address, subject, text });
    if (outcome.kind === "not_sent") return { kind: "later", reason: outcome.reason };
    // Whether an unknown one arrived its owner sees; a second one would be another code in their inbox.
    return outcome.kind === "refused" ? { kind: "refused", reason: outcome.because.en } : { kind: "sent" };
  }
}
