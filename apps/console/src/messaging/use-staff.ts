import type { z } from "zod";
import type { Staff as StaffShape } from "@zhanggui/server/engines/messaging/desk.contract";
import { api } from "../common/api.ts";
import { useLoaded } from "../common/loading.ts";

export type Staff = z.output<typeof StaffShape>;

/** Who may answer customers, those on duty first. */
export function useStaff() {
  const { data, reload } = useLoaded(async (signal) => (await api.messaging.listStaff({}, { signal })).items);
  return { staff: data, reload };
}
