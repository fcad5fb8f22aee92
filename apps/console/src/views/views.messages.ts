import { pair } from "../common/pair.ts";

export const viewsMessages = pair({ module: "列表视图" }, { module: "Saved views" });
