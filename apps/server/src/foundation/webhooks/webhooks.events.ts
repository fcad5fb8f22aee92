import { event } from "@zhanggui/kit/contract/event";
import { Id } from "@zhanggui/kit/contract/ids";
import { z } from "zod";

/** Somebody tries an endpoint. It goes to that one alone, whatever that one wants to hear of. */
export const endpointTested = event("webhooks.tested.v1", z.object({ endpointId: Id, by: z.string() }));
