import { accessMessages } from "./access/access.messages.ts";
import { audienceMessages } from "./audience/audience.messages.ts";
import { auditMessages } from "./audit/audit.messages.ts";
import { connectMessages } from "./connect/connect.messages.ts";
import { eventsMessages } from "./events/events.messages.ts";
import { exportsMessages } from "./exports/exports.messages.ts";
import { filesMessages } from "./files/files.messages.ts";
import { formsMessages } from "./forms/forms.messages.ts";
import { keysMessages } from "./keys/keys.messages.ts";
import { linksMessages } from "./links/links.messages.ts";
import { messagingMessages } from "./messaging/messaging.messages.ts";
import { operationsMessages } from "./operations/operations.messages.ts";
import { notificationsMessages } from "./notifications/notifications.messages.ts";
import { settingsMessages } from "./settings/settings.messages.ts";
import { sharedMessages } from "./common/shared.messages.ts";
import { shellMessages } from "./shell/shell.messages.ts";
import { workMessages } from "./work/work.messages.ts";

const modules = {
  shared: sharedMessages,
  shell: shellMessages,
  access: accessMessages,
  audience: audienceMessages,
  audit: auditMessages,
  connect: connectMessages,
  events: eventsMessages,
  exports: exportsMessages,
  files: filesMessages,
  forms: formsMessages,
  keys: keysMessages,
  links: linksMessages,
  messaging: messagingMessages,
  notifications: notificationsMessages,
  operations: operationsMessages,
  settings: settingsMessages,
  work: workMessages,
};
type Modules = typeof modules;

function pick<Language extends "zh" | "en">(language: Language) {
  const entries = Object.entries(modules).map(([name, pair]) => [name, pair[language]]);
  return Object.fromEntries(entries) as { [Name in keyof Modules]: Modules[Name][Language] };
}

/** Everything the console says, by language, then by module: `t("audience.title")`. */
export const messages = { zh: pick("zh"), en: pick("en") };
