import { expect, test } from "vitest";
import { reasonOf } from "./reasons.ts";

test.for([
  ["WechatUnreachable: /cgi-bin/user/info: connect: getaddrinfo ENOTFOUND api.weixin", "连不上对方的服务器"],
  ["/cgi-bin/user/info: timeout: no answer in 5000 ms", "对方没有及时回答"],
  ["/cgi-bin/message/template/send: reset: read ECONNRESET", "连接中断"],
  ["/cgi-bin/user/info: status: 502", "对方的回答看不懂"],
  ["WechatError: /cgi-bin/message/template/send: 40001 invalid credential", "微信拒绝了（错误码 40001）"],
  ["/cgi-bin/user/info: -1 system error", "微信拒绝了（错误码 -1）"],
  ["no process works for tea.gone", "没有程序处理这一步，它可能已改名或停用"],
  ["canceling statement due to statement timeout", "数据库没有及时回答"],
  ["deadlock detected", "和别的操作撞在一起"],
  ["TypeError: x is not a function", "处理时出错"],
  ["", "处理时出错"],
] as const)("%s is told as: %s", ([error, zh]) => {
  const reason = reasonOf(error);
  expect(reason.zh).toBe(zh);
  expect(reason.en).not.toMatch(/\{|undefined/);
});
