import { pair } from "../common/pair.ts";

export const customersMessages = pair(
  {
    module: "客户登录",
    workNames: {
      note_followed: "告诉客户页面：已关注",
      note_entered: "告诉客户页面：已扫码",
      follow_merge: "客户合并后处理登录",
    },
    title: "登录",
    none: "还没有登录过商家页面。",
    by: { phone: "手机 {address}", mail: "邮箱 {address}" },
    open: "登录中",
    over: "已结束",
    end: "结束",
    endAll: "结束全部登录",
    endAllSure: "TA 在所有设备上的登录会立即失效，可以重新登录。",
    block: "禁止登录",
    unblock: "恢复登录",
    blocked: "已禁止登录：{reason}",
    all: "全部登录记录",
  },
  {
    module: "Customers' sign-ins",
    workNames: {
      note_followed: "Tell the customer's pages: followed",
      note_entered: "Tell the customer's pages: came by a code",
      follow_merge: "Sign-ins of people who were merged",
    },
    title: "Sign-ins",
    none: "They have never signed in to a page of the business.",
    by: { phone: "Phone {address}", mail: "Mail {address}" },
    open: "Signed in",
    over: "Over",
    end: "Sign out",
    endAll: "Sign out everywhere",
    endAllSure: "What is open on any of their devices ends at once. They may sign in again.",
    block: "Forbid signing in",
    unblock: "Let them sign in again",
    blocked: "May not sign in: {reason}",
    all: "All sign-ins",
  },
);
