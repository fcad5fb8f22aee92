import { pair } from "../common/pair.ts";

export const exportsMessages = pair(
  { module: "导出", workNames: { tend: "清理过期的导出", step: "生成导出文件", delete_parts: "删除导出的中间文件" } },
  {
    module: "Exports",
    workNames: { tend: "Clear away old exports", step: "Make an export", delete_parts: "Delete parts of exports" },
  },
);
