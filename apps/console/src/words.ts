import { accessWords } from "./access/access.words.ts";
import { audienceWords } from "./audience/audience.words.ts";
import { connectWords } from "./connect/connect.words.ts";
import { eventsWords } from "./events/events.words.ts";
import { messagingWords } from "./messaging/messaging.words.ts";
import { settingsWords } from "./settings/settings.words.ts";
import { sharedWords } from "./common/shared.words.ts";
import { shellWords } from "./shell/shell.words.ts";

const modules = {
  shared: sharedWords,
  shell: shellWords,
  access: accessWords,
  audience: audienceWords,
  connect: connectWords,
  events: eventsWords,
  messaging: messagingWords,
  settings: settingsWords,
};
type Modules = typeof modules;

function pick<Language extends "zh" | "en">(language: Language) {
  const entries = Object.entries(modules).map(([name, pair]) => [name, pair[language]]);
  return Object.fromEntries(entries) as { [Name in keyof Modules]: Modules[Name][Language] };
}

/** Everything the console says, by language, then by module: `t("audience.title")`. */
export const words = { zh: pick("zh"), en: pick("en") };
