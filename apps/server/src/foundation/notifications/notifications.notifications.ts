import { notification } from "@zhanggui/kit/contract/notification";
import { z } from "zod";
import { accessRead } from "../access/roles.contract.ts";

/** Told to whoever somebody else acts in the name of. */
export const impersonated = notification("access.impersonated", z.object({ by: z.string(), reason: z.string() }), {
  label: { zh: "有人以您的身份操作", en: "Somebody acts in your name" },
  title: ({ by, reason }) => ({
    zh: `${by} 以您的身份登录了系统，原因：${reason}`,
    en: `${by} signed in in your name. The reason given: ${reason}`,
  }),
  link: () => "/sign-ins",
  importance: "high",
});

/** Told to whoever made the invitation. */
export const invitationAccepted = notification("access.invitation_accepted", z.object({ accountName: z.string() }), {
  label: { zh: "同事接受了邀请", en: "Somebody accepted an invitation" },
  title: ({ accountName }) => ({
    zh: `${accountName} 已接受邀请并设置了密码`,
    en: `${accountName} accepted your invitation and chose a password`,
  }),
  link: () => "/accounts",
  importance: "normal",
  needs: accessRead,
});
