import { notification } from "@zhanggui/kit/contract/notification";
import { z } from "zod";
import { accessRead } from "../access/roles.contract.ts";

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
