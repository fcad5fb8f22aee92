import { cache } from "@zhanggui/kit/server/cache";

/** How people are called, by their ids: lists of deliveries ask for the same again and again. */
export const personNames = cache<string, string>("audience.names", {
  ttlMs: 600_000,
  max: 50_000,
  store: "shared",
});
