import { defineModule, items, on } from "@zhanggui/kit/server/module";
import { accessInvitationAccepted, accountImpersonated } from "../access/access.events.ts";
import { accessModule } from "../access/access.module.ts";
import { notifications } from "./notifications.contract.ts";
import { impersonated, invitationAccepted } from "./notifications.notifications.ts";
import { NotificationsService } from "./notifications.service.ts";
import { keepNotifications } from "./notifications.settings.ts";

export const notificationsModule = defineModule(notifications, {
  uses: [accessModule],
  services: { notifications: NotificationsService },
  routes: ({ notifications }) => ({
    list: notifications.list,
    getFigures: notifications.figures,
    read: notifications.read,
    readAll: notifications.readAll,
    listKinds: items(notifications.kinds),
    choose: notifications.choose,
  }),
  handlers: ({ notifications }) => ({
    note_accepted: on(accessInvitationAccepted, notifications.noteAccepted),
    note_impersonated: on(accountImpersonated, notifications.noteImpersonated),
  }),
  notifies: [invitationAccepted, impersonated],
  keeps: [keepNotifications],
});
