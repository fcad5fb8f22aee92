import { event } from "@zhanggui/kit/contract/event";
import { Id } from "@zhanggui/kit/contract/ids";
import { z } from "zod";

/** Somebody begins to act in an account's name. */
export const accountImpersonated = event(
  "access.account_impersonated.v1",
  z.object({ accountId: Id, sessionId: Id, impersonatorName: z.string(), reason: z.string() }),
);

/** Somebody followed an invitation and chose a password; `issuedBy` is the account that made it. */
export const accessInvitationAccepted = event(
  "access.invitation_accepted.v1",
  z.object({ accountId: Id, accountName: z.string(), issuedBy: Id.nullable() }),
);
