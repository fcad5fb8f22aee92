import { Id } from "@zhanggui/kit/contract/ids";
import { Instant } from "@zhanggui/kit/contract/time";
import { job } from "@zhanggui/kit/server/jobs";
import { z } from "zod";

/** Delivers what happened in a span of time and an endpoint was not told of. */
export const replayMissed = job(
  "webhooks.replay_missed",
  z.object({ endpointId: Id, since: Instant, until: Instant }),
  {
    expireSeconds: 1800,
  },
);
/** Sends on what waits since an endpoint was switched off. */
export const resumePaused = job("webhooks.resume_paused", z.object({ endpointId: Id }), { expireSeconds: 1800 });
/** Deletes the deliveries of an endpoint that has gone. */
export const forgetDeliveries = job("webhooks.forget_deliveries", z.object({ endpointId: Id }), { retryLimit: 20 });
