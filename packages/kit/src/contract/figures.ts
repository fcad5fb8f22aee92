import { z } from "zod";

/** How many days figures go back, today among them. */
export const figureDays = 30;

/** How many of something there were, day by day. */
export const DailyFigures = z
  .object({
    /** Days by the tenant's clock, the earliest first; the last one is today so far. */
    days: z.array(z.object({ day: z.string(), count: z.int() })),
    /**
     * What is usual by this time of a day like this: the mean of the same weekday in the four weeks before, each up to
     * the same time. Null where there is nothing to compare with yet.
     */
    usual: z.number().nullable(),
  })
  .meta({ id: "DailyFigures" });
export type DailyFigures = z.output<typeof DailyFigures>;
