import { pair } from "../common/pair.ts";

export const workMessages = pair(
  { module: "后台任务", workNames: { step: "推进后台任务" } },
  { module: "Background actions", workNames: { step: "Go on with a background action" } },
);
