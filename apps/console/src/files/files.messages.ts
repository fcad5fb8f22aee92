import { pair } from "../common/pair.ts";

export const filesMessages = pair(
  {
    module: "文件",
    choose: "选择文件",
    another: "换一个文件",
    workNames: { purge: "删除不再使用的文件", sweep: "清理没有登记的文件", delete_bytes: "删除文件内容" },
  },
  {
    module: "Files",
    choose: "Choose a file",
    another: "Another file",
    workNames: {
      purge: "Delete files that nothing uses",
      sweep: "Sweep up bytes without a file",
      delete_bytes: "Delete the bytes of a file",
    },
  },
);
