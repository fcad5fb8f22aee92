import { pair } from "../common/pair.ts";

export const importsMessages = pair(
  { module: "导入", workNames: { tend: "清理过期的导入", step: "推进导入", delete_parts: "删除导入的中间文件" } },
  {
    module: "Imports",
    workNames: {
      tend: "Clear away old imports",
      step: "Go on with an import",
      delete_parts: "Delete parts of imports",
    },
  },
);
