import { pair } from "../common/pair.ts";

export const eventsMessages = pair(
  {
    module: "事件",
    workNames: { tell_of_dead: "通知失败的任务" },
    name: "事件",
    at: "发生时间",
    actor: "发起者",
    handlers: "处理情况",
    payload: "内容",
    traceId: "追踪号",
    noHandlers: "无需处理",
    states: { pending: "待处理", done: "已完成", dead: "已放弃" },
    attempts: "尝试 {n} 次",
    actors: { account: "账号", key: "API 密钥", system: "系统", wechat: "微信", visitor: "访客" },
    dead: {
      replayAll: "全部重试",
      sureAll: "将重试全部 {n} 个失败的任务。",
      done: "已重新排队 {n} 个，稍后刷新看结果。",
    },
  },
  {
    module: "Events",
    workNames: { tell_of_dead: "Tell of failed tasks" },
    name: "Event",
    at: "When",
    actor: "By",
    handlers: "Handlers",
    payload: "Payload",
    traceId: "Trace id",
    noHandlers: "Nothing to do",
    states: { pending: "pending", done: "done", dead: "given up" },
    attempts: "{n} attempt | {n} attempts",
    actors: { account: "Account", key: "API key", system: "System", wechat: "WeChat", visitor: "Visitor" },
    dead: {
      replayAll: "Try all again",
      sureAll: "Try everything that failed again ({n})?",
      done: "{n} queued again; refresh in a moment to see.",
    },
  },
);
