import { pair } from "../common/pair.ts";

export const notificationsMessages = pair({ module: "通知" }, { module: "Notifications" });
