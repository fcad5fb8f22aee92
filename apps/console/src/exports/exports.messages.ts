import { pair } from "../common/pair.ts";

export const exportsMessages = pair({ module: "导出" }, { module: "Exports" });
