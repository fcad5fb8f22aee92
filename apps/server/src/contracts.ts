import { audience } from "./engines/audience/audience.contract.ts";
import { connect } from "./engines/connect/connect.contract.ts";
import { customers } from "./engines/customers/customers.contract.ts";
import { messaging } from "./engines/messaging/messaging.contract.ts";
import { subscriptions } from "./engines/subscriptions/subscriptions.contract.ts";
import { sms } from "./engines/sms/sms.contract.ts";
import { templates } from "./engines/templates/templates.contract.ts";
import { access } from "./foundation/access/access.contract.ts";
import { archives } from "./foundation/archives/archives.contract.ts";
import { audit } from "./foundation/audit/audit.contract.ts";
import { broadcasts } from "./engines/broadcasts/broadcasts.contract.ts";
import { materials } from "./engines/materials/materials.contract.ts";
import { codes } from "./foundation/codes/codes.contract.ts";
import { events } from "./foundation/events/events.contract.ts";
import { exports } from "./foundation/exports/exports.contract.ts";
import { files } from "./foundation/files/files.contract.ts";
import { forms } from "./foundation/forms/forms.contract.ts";
import { identity } from "./foundation/identity/identity.contract.ts";
import { imports } from "./foundation/imports/imports.contract.ts";
import { keys } from "./foundation/keys/keys.contract.ts";
import { links } from "./foundation/links/links.contract.ts";
import { logs } from "./foundation/logs/logs.contract.ts";
import { notifications } from "./foundation/notifications/notifications.contract.ts";
import { operations } from "./foundation/operations/operations.contract.ts";
import { settings } from "./foundation/settings/settings.contract.ts";
import { tenants } from "./foundation/tenants/tenants.contract.ts";
import { views } from "./foundation/views/views.contract.ts";
import { webhooks } from "./foundation/webhooks/webhooks.contract.ts";
import { work } from "./foundation/work/work.contract.ts";

/** Every contract: for the server's start, and for the typed clients of console, tests and demo. */
export const contracts = {
  access,
  settings,
  events,
  operations,
  logs,
  connect,
  audience,
  messaging,
  materials,
  broadcasts,
  sms,
  templates,
  subscriptions,
  customers,
  forms,
  files,
  exports,
  archives,
  imports,
  links,
  views,
  notifications,
  work,
  keys,
  codes,
  audit,
  tenants,
  identity,
  webhooks,
};
