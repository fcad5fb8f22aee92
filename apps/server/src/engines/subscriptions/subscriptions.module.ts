import { cron, defineModule, items, on } from "@zhanggui/kit/server/module";
import { accessModule } from "../../foundation/access/access.module.ts";
import { settingsModule } from "../../foundation/settings/settings.module.ts";
import { audienceModule } from "../audience/audience.module.ts";
import { subscriptionsAnswered, subscriptionsSent } from "../connect/connect.events.ts";
import { connectModule } from "../connect/connect.module.ts";
import { templatesModule } from "../templates/templates.module.ts";
import { Grants } from "./grants.ts";
import { subscriptions } from "./subscriptions.contract.ts";
import { SubscriptionsService } from "./subscriptions.service.ts";
import { keepEntries, keepGrants, sameDialogueSeconds } from "./subscriptions.settings.ts";

/** Each locks a person: several in one transaction, in the order of events, would wait for others in a circle. */
const onePerson = { batch: 1 } as const;

export const subscriptionsModule = defineModule(subscriptions, {
  uses: [accessModule, settingsModule, connectModule, audienceModule, templatesModule],
  services: { grants: Grants, subscriptions: SubscriptionsService },
  routes: ({ subscriptions }) => ({
    list: subscriptions.list,
    reach: items(subscriptions.reach),
    entries: items(subscriptions.entries),
    ofPerson: items(subscriptions.ofPerson),
    send: subscriptions.send,
    report: subscriptions.report,
  }),
  handlers: ({ subscriptions }) => ({
    take_answers: on(subscriptionsAnswered, subscriptions.takeAnswers, onePerson),
    take_outcomes: on(subscriptionsSent, subscriptions.takeOutcomes),
  }),
  schedules: ({ subscriptions }) => ({ settle_lost: cron("17 * * * *", subscriptions.settleLost) }),
  settings: [sameDialogueSeconds],
  keeps: [keepGrants, keepEntries],
});
