import { event } from "@zhanggui/kit/contract/event";
import { Id } from "@zhanggui/kit/contract/ids";
import { z } from "zod";

/** Somebody has answered a form. What they said stands with the answer, for whoever may see it. */
export const answered = event(
  "forms.answered.v1",
  z.object({ formId: Id, answerId: Id, version: z.int(), accountId: Id }),
  { key: ({ formId }) => formId },
);
