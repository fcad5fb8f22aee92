import { audience } from "./engines/audience/audience.contract.ts";
import { connect } from "./engines/connect/connect.contract.ts";
import { messaging } from "./engines/messaging/messaging.contract.ts";
import { access } from "./foundation/access/access.contract.ts";
import { audit } from "./foundation/audit/audit.contract.ts";
import { events } from "./foundation/events/events.contract.ts";
import { exports } from "./foundation/exports/exports.contract.ts";
import { files } from "./foundation/files/files.contract.ts";
import { forms } from "./foundation/forms/forms.contract.ts";
import { keys } from "./foundation/keys/keys.contract.ts";
import { links } from "./foundation/links/links.contract.ts";
import { notifications } from "./foundation/notifications/notifications.contract.ts";
import { operations } from "./foundation/operations/operations.contract.ts";
import { settings } from "./foundation/settings/settings.contract.ts";
import { views } from "./foundation/views/views.contract.ts";
import { work } from "./foundation/work/work.contract.ts";

/** Every contract: for the server's start, and for the typed clients of console, tests and demo. */
export const contracts = {
  access,
  settings,
  events,
  operations,
  connect,
  audience,
  messaging,
  forms,
  files,
  exports,
  links,
  views,
  notifications,
  work,
  keys,
  audit,
};
