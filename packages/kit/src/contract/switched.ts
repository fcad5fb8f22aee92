import { z } from "zod";
import { field } from "./field.ts";

/** Whether something is on: what lists switch in a row. */
export const switched = field(
  z.boolean(),
  { zh: "启用", en: "On" },
  {
    filter: true,
    unindexed: true,
    width: "88px",
    choices: {
      true: { zh: "已启用", en: "On", tone: "good" },
      false: { zh: "已停用", en: "Off", tone: "quiet" },
    },
  },
);
