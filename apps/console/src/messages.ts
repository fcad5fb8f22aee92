import { accessMessages } from "./access/access.messages.ts";
import { archivesMessages } from "./archives/archives.messages.ts";
import { audienceMessages } from "./audience/audience.messages.ts";
import { auditMessages } from "./audit/audit.messages.ts";
import { broadcastsMessages } from "./broadcasts/broadcasts.messages.ts";
import { codesMessages } from "./codes/codes.messages.ts";
import { connectMessages } from "./connect/connect.messages.ts";
import { customersMessages } from "./customers/customers.messages.ts";
import { eventsMessages } from "./events/events.messages.ts";
import { exportsMessages } from "./exports/exports.messages.ts";
import { filesMessages } from "./files/files.messages.ts";
import { formsMessages } from "./forms/forms.messages.ts";
import { identityMessages } from "./identity/identity.messages.ts";
import { importsMessages } from "./imports/imports.messages.ts";
import { keysMessages } from "./keys/keys.messages.ts";
import { linksMessages } from "./links/links.messages.ts";
import { logsMessages } from "./logs/logs.messages.ts";
import { materialsMessages } from "./materials/materials.messages.ts";
import { messagingMessages } from "./messaging/messaging.messages.ts";
import { operationsMessages } from "./operations/operations.messages.ts";
import { notificationsMessages } from "./notifications/notifications.messages.ts";
import { settingsMessages } from "./settings/settings.messages.ts";
import { sharedMessages } from "./common/shared.messages.ts";
import { shellMessages } from "./shell/shell.messages.ts";
import { subscriptionsMessages } from "./subscriptions/subscriptions.messages.ts";
import { smsMessages } from "./sms/sms.messages.ts";
import { templatesMessages } from "./templates/templates.messages.ts";
import { tenantsMessages } from "./tenants/tenants.messages.ts";
import { viewsMessages } from "./views/views.messages.ts";
import { webhooksMessages } from "./webhooks/webhooks.messages.ts";
import { workMessages } from "./work/work.messages.ts";

const modules = {
  shared: sharedMessages,
  shell: shellMessages,
  access: accessMessages,
  archives: archivesMessages,
  audience: audienceMessages,
  audit: auditMessages,
  broadcasts: broadcastsMessages,
  codes: codesMessages,
  connect: connectMessages,
  customers: customersMessages,
  events: eventsMessages,
  exports: exportsMessages,
  files: filesMessages,
  forms: formsMessages,
  identity: identityMessages,
  imports: importsMessages,
  keys: keysMessages,
  links: linksMessages,
  logs: logsMessages,
  materials: materialsMessages,
  messaging: messagingMessages,
  notifications: notificationsMessages,
  operations: operationsMessages,
  settings: settingsMessages,
  subscriptions: subscriptionsMessages,
  sms: smsMessages,
  templates: templatesMessages,
  tenants: tenantsMessages,
  views: viewsMessages,
  webhooks: webhooksMessages,
  work: workMessages,
};
type Modules = typeof modules;

function pick<Language extends "zh" | "en">(language: Language) {
  const entries = Object.entries(modules).map(([name, pair]) => [name, pair[language]]);
  return Object.fromEntries(entries) as { [Name in keyof Modules]: Modules[Name][Language] };
}

/** Everything the console says, by language, then by module: `t("audience.title")`. */
export const messages = { zh: pick("zh"), en: pick("en") };
