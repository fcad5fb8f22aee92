import { dependency } from "@zhanggui/kit/server/dependency";
import { defineModule, onPublished, queue, type QueueBinding, runs } from "@zhanggui/kit/server/module";
import { eventsModule } from "../events/events.module.ts";
import { notificationsModule } from "../notifications/notifications.module.ts";
import { Deliveries } from "./deliveries.ts";
import { Relay } from "./relay.ts";
import { Sender } from "./sender.ts";
import { webhooks } from "./webhooks.contract.ts";
import { forgetDeliveries, replayMissed, resumePaused } from "./webhooks.jobs.ts";
import { endpointDisabled } from "./webhooks.notifications.ts";
import { WebhooksService } from "./webhooks.service.ts";
import { keepDeliveries } from "./webhooks.settings.ts";

export const webhooksModule = defineModule(webhooks, {
  uses: [eventsModule, notificationsModule],
  services: { endpoints: WebhooksService, deliveries: Deliveries, sender: Sender, relay: Relay },
  routes: ({ endpoints, deliveries }) => ({
    listEndpoints: endpoints.list,
    createEndpoint: endpoints.create,
    updateEndpoint: endpoints.update,
    rotateSecret: endpoints.rotate,
    testEndpoint: deliveries.test,
    countMissed: deliveries.countMissed,
    replayMissed: deliveries.askReplay,
    deleteEndpoint: endpoints.delete,
    listEvents: endpoints.events,
    listDeliveries: deliveries.list,
    getDelivery: deliveries.get,
    resend: deliveries.resend,
    resendSome: deliveries.resendSome,
  }),
  handlers: ({ deliveries }) => ({
    // Of tenants only that have an endpoint for the event; as they were written, for endpoints that want order.
    fan_out: onPublished((ctx, _payload, event) => deliveries.fanOut(ctx, [event]), {
      byTenant: true,
      ordered: "all",
      together: { takes: () => true, run: deliveries.fanOut },
    }),
  }),
  queues: ({ sender }) => ({
    deliver: sending(sender, { keyed: false }),
    // One at a time to each endpoint; the next waits as long as the one before it.
    deliver_in_order: sending(sender, { keyed: true }),
  }),
  jobs: ({ deliveries }) => [
    runs(replayMissed, deliveries.replayMissed),
    runs(resumePaused, deliveries.resumePaused),
    runs(forgetDeliveries, deliveries.forget),
  ],
  extensions: ({ relay }) => ({ rabbitmq: dependency({ check: relay.check }) }),
  notifies: [endpointDisabled],
  keeps: [keepDeliveries],
});

function sending(sender: Sender, { keyed }: { readonly keyed: boolean }): QueueBinding {
  return queue({
    effect: "outside",
    keyed,
    // They wait for others most of the time.
    concurrency: 32,
    concurrencyPerTenant: 8,
    // Longer than a receiver may take.
    timeoutMs: 40_000,
    begin: sender.begin,
    run: sender.send,
    settle: sender.settle,
    failed: sender.failed,
  });
}
