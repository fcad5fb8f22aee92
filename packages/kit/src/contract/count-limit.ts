/** Lists are counted up to here: whoever needs to know that there are more doesn't need to know how many. */
export const countLimit = 10_000;
