import { pair } from "../common/pair.ts";

export const identityMessages = pair({ module: "统一登录" }, { module: "Single sign-on" });
