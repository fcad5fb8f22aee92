import { pair } from "../common/pair.ts";

export const archivesMessages = pair(
  { module: "压缩包", workNames: { tend: "清理过期的压缩包", step: "打包文件", delete_parts: "删除打包的中间文件" } },
  {
    module: "Zips",
    workNames: { tend: "Clear away old zips", step: "Pack files", delete_parts: "Delete parts of zips" },
  },
);
