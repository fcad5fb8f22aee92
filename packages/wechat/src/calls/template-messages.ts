import { z } from "zod";
import { Done, get, idempotent, LongId, post, read } from "../call.ts";

const page = "doc/service/api/notify/template";

export interface TemplateMessage {
  readonly openid: string;
  readonly templateId: string;
  /** The template's fields by name. */
  readonly data: Readonly<Record<string, string>>;
  readonly url?: string | undefined;
  /** Where given, it is opened rather than `url`. */
  readonly miniProgram?: { readonly appId: string; readonly pagePath: string } | undefined;
  /** One message for each openid and id, for ten minutes; then no longer assured. */
  readonly clientMsgId?: string | undefined;
}

/** `msgId` comes back in the TEMPLATESENDJOBFINISH event. */
export const sendTemplateMessage = post("/cgi-bin/message/template/send", {
  page,
  effect: { kind: "keyed", key: ({ clientMsgId }: TemplateMessage) => clientMsgId, repeatAfterSeconds: 0 },
  request: ({ openid, templateId, data, url, miniProgram, clientMsgId }: TemplateMessage) => ({
    body: {
      touser: openid,
      template_id: templateId,
      url,
      miniprogram: miniProgram && { appid: miniProgram.appId, pagepath: miniProgram.pagePath },
      client_msg_id: clientMsgId,
      data: Object.fromEntries(Object.entries(data).map(([name, value]) => [name, { value }])),
    },
  }),
  reply: z.object({ msgid: LongId }).transform(({ msgid }) => ({ msgId: msgid })),
});

/** The account's templates; `content` holds `{{name.DATA}}` for each field. */
export const messageTemplates = get("/cgi-bin/template/get_all_private_template", {
  page,
  effect: read,
  reply: z
    .object({
      template_list: z.array(
        z.object({ template_id: z.string(), title: z.string(), content: z.string(), example: z.string().optional() }),
      ),
    })
    .transform(({ template_list }) =>
      template_list.map(({ template_id, title, content, example }) => ({
        templateId: template_id,
        title,
        content,
        example: example ?? "",
      })),
    ),
});

export const deleteMessageTemplate = post("/cgi-bin/template/del_private_template", {
  page,
  effect: idempotent(40037),
  request: ({ templateId }: { templateId: string }) => ({ body: { template_id: templateId } }),
  reply: Done,
});
