import { pair } from "../common/pair.ts";

export const linksMessages = pair({ module: "短链接" }, { module: "Short links" });
