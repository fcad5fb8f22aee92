import { Injectable } from "@nestjs/common";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { CodeMessage, CodeSender, Sending } from "../../foundation/codes/code-sender.ts";
import { placesOf } from "./internal/places.ts";
import { postText } from "./internal/post-text.ts";
import { Router } from "./router.ts";
import { notSendable, notSent, sms } from "./sms.contract.ts";
import { SmsTemplates } from "./templates.ts";

/** Who has texts sent: verification codes, and somebody who tries a template. */
@Injectable()
export class Texts implements CodeSender {
  readonly channel = "phone";

  constructor(
    private readonly runtime: Runtime,
    private readonly templates: SmsTemplates,
    private readonly router: Router,
  ) {}

  /** By a template of codes that an account can send, or by whoever `SMS_URL` names. */
  async isReady(ctx: Ctx): Promise<boolean> {
    return this.runtime.env.SMS_URL !== undefined || (await this.templates.ofCodes(ctx)) !== undefined;
  }

  /** Where `SMS_URL` is, if it answers at all. */
  async check(signal: AbortSignal): Promise<string | undefined> {
    const { SMS_URL: url } = this.runtime.env;
    if (url === undefined) return undefined;
    const answer = await fetch(url, { method: "HEAD", redirect: "manual", signal });
    await answer.body?.cancel();
    return new URL(url).host;
  }

  async send(ctx: Ctx, { id, address, text, values }: CodeMessage): Promise<Sending> {
    const template = await this.templates.ofCodes(ctx);
    if (template === undefined) return postText(this.runtime.env, { id, to: address, text }, ctx.signal);
    const { kind, because } = await this.router.send(ctx, { messageId: id, template, phone: address, values });
    if (kind === "accepted") return { kind: "sent" };
    // What may have gone out is no second code's reason: whoever waits asks again.
    return { kind: kind === "later" ? "later" : "refused", reason: because.en };
  }

  /** @throws Fault `kit.not_found`, `sms.not_sendable`, `sms.not_sent` with the carrier's own words */
  async test(ctx: Ctx, given: Flat<typeof sms.testTemplate>): Promise<Out<typeof sms.testTemplate>> {
    const { templateId, phone, values, accountId } = given;
    const template = await this.templates.row(ctx, templateId);
    const missing = placesOf(template.text, template.category).find((name) => !values[name]?.trim());
    if (missing !== undefined) throw notSent({ reason: `{{ ${missing} }}`, errors: [{ field: "values" }] });
    const order = { messageId: newId(ctx.now()), template, phone, values, accountId };
    const { kind, attemptId, because } = await this.router.send(ctx, order);
    if (attemptId === undefined) throw notSendable();
    if (kind !== "accepted") throw notSent({ reason: because.zh });
    return { attemptId };
  }
}
