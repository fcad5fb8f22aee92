import { Injectable } from "@nestjs/common";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { CodeMessage, CodeSender, Sending } from "../../foundation/codes/code-sender.ts";
import { placesOf, valueOf } from "./internal/places.ts";
import { postText } from "./internal/post-text.ts";
import { type Outcome, Router } from "./router.ts";
import { maybeSent, noneNow, notSendable, notSent, valueMissing } from "./faults.contract.ts";
import { sms } from "./sms.contract.ts";
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
    // Whatever was tried before counts, also if no account can send it any more.
    const { ended } = await this.router.earlier(ctx, id);
    if (ended !== undefined) return sendingOf(ended);
    const template = await this.templates.ofCodes(ctx);
    if (template === undefined) return postText(this.runtime.env, { id, to: address, text }, ctx.signal);
    return sendingOf(await this.router.send(ctx, { messageId: id, template, phone: address, values }));
  }

  /** @throws Fault `kit.not_found`, `sms.not_sendable`, `sms.value_missing`, `sms.none_now`, `sms.not_sent`, `sms.maybe_sent` */
  async test(ctx: Ctx, given: Flat<typeof sms.testTemplate>): Promise<Out<typeof sms.testTemplate>> {
    const { templateId, phone, values, accountId } = given;
    const template = await this.templates.row(ctx, templateId);
    if (!(await this.templates.canBeSent(ctx, templateId))) throw notSendable();
    const missing = placesOf(template.text, template.category).find((name) => !valueOf(values, name)?.trim());
    if (missing !== undefined) throw valueMissing({ name: missing, errors: [{ field: `values.${missing}` }] });
    const order = { messageId: newId(ctx.now()), template, phone, values, accountId };
    const { kind, attemptId, code } = await this.router.send(ctx, order);
    if (attemptId === undefined) throw noneNow();
    if (kind === "unknown") throw maybeSent();
    if (kind !== "accepted") throw notSent({ code: code ?? "?" });
    return { attemptId };
  }
}

function sendingOf({ kind, because }: Outcome): Sending {
  if (kind === "accepted") return { kind: "sent" };
  // What may have gone out is no second code's reason: whoever waits asks again.
  return { kind: kind === "later" ? "later" : "refused", reason: because.en };
}
