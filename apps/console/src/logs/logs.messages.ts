import { pair } from "../common/pair.ts";

export const logsMessages = pair(
  {
    module: "系统日志",
    workNames: { tend: "清理过期的系统日志" },
    line: "日志内容",
    trace: "这次请求的全链路",
    fields: "其余内容",
  },
  {
    module: "Log",
    workNames: { tend: "Clear away old lines of the log" },
    line: "A line of the log",
    trace: "All of this trace",
    fields: "Everything else",
  },
);
