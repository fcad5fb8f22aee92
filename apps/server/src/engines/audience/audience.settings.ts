import { retention, rowsOf } from "@zhanggui/kit/server/retention";

/** The people themselves, their tags and the channel that brought them stay. */
export const keepTimeline = retention(
  "audience.keepTimelineDays",
  730,
  { zh: "客户动态", en: "the entries of people's timelines" },
  rowsOf("audience_timeline"),
);
