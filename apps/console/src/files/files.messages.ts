import { pair } from "../common/pair.ts";

export const filesMessages = pair({ module: "文件" }, { module: "Files" });
