import { pair } from "../common/pair.ts";

export const materialsMessages = pair(
  { module: "微信素材", workNames: { read_library: "读取公众号素材", sync_all: "每晚同步微信素材" } },
  {
    module: "WeChat material",
    workNames: { read_library: "Read an account's library", sync_all: "Read all libraries, nightly" },
  },
);
