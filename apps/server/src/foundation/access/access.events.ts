import { event } from "@zhanggui/kit/contract/event";
import { Id } from "@zhanggui/kit/contract/ids";
import { z } from "zod";

/** Somebody followed an invitation and chose a password; `issuedBy` is the account that made it. */
export const accessInvitationAccepted = event(
  "access.invitation_accepted.v1",
  z.object({ accountId: Id, accountName: z.string(), issuedBy: Id.nullable() }),
);
