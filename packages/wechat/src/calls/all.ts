import type { Call } from "../call.ts";
import * as articles from "./articles.ts";
import * as customMessages from "./custom-messages.ts";
import * as customerService from "./customer-service.ts";
import * as massMessages from "./mass-messages.ts";
import * as media from "./media.ts";
import * as menus from "./menus.ts";
import * as miniProgram from "./mini-program.ts";
import * as pageLogin from "./page-login.ts";
import * as qrCodes from "./qr-codes.ts";
import * as quotas from "./quotas.ts";
import * as subscribeMessages from "./subscribe-messages.ts";
import * as tags from "./tags.ts";
import * as templateMessages from "./template-messages.ts";
import * as tokens from "./tokens.ts";
import * as users from "./users.ts";

const families: readonly object[] = [
  tokens,
  users,
  tags,
  qrCodes,
  menus,
  customMessages,
  customerService,
  templateMessages,
  media,
  articles,
  massMessages,
  pageLogin,
  miniProgram,
  subscribeMessages,
  quotas,
];

/** Every call by its name: for tests, and for pages that list what an account may call. */
export const allCalls: ReadonlyMap<string, Call<never, unknown>> = new Map(
  families.flatMap((family) =>
    Object.entries(family).filter((entry): entry is [string, Call<never, unknown>] => isCall(entry[1])),
  ),
);

function isCall(value: unknown): boolean {
  return typeof value === "object" && value !== null && "effect" in value && "path" in value;
}
