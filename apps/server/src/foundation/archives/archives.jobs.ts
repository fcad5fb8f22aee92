import { Id } from "@zhanggui/kit/contract/ids";
import { job } from "@zhanggui/kit/server/jobs";
import { z } from "zod";

/** Deletes what was packed of a zip that has gone. */
export const deleteParts = job("archives.delete_parts", z.object({ archiveId: Id }), { retryLimit: 20 });
