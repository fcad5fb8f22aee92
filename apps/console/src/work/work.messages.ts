import { pair } from "../common/pair.ts";

export const workMessages = pair({ module: "后台任务" }, { module: "Background actions" });
