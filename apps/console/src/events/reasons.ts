import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What failures say by themselves, in the order in which they are tried; a number stands for `{code}`. */
const reasons: readonly (readonly [RegExp, LocalizedText])[] = [
  [
    /statement timeout|Connection terminated|the database/i,
    { zh: "数据库没有及时回答", en: "The database didn't answer in time" },
  ],
  [
    /: connect: |getaddrinfo|ENOTFOUND|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|fetch failed/,
    { zh: "连不上对方的服务器", en: "The other server couldn't be reached" },
  ],
  [
    /: timeout: |ETIMEDOUT|timed? ?out|took longer/i,
    { zh: "对方没有及时回答", en: "The other server took too long to answer" },
  ],
  [/: reset: |ECONNRESET|socket hang up/, { zh: "连接中断", en: "The connection broke off" }],
  [/: (?:status|unreadable|unexpected): /, { zh: "对方的回答看不懂", en: "The other server's answer made no sense" }],
  [
    /^(?:\w+: )?\/[\w/-]+: (-?\d+) /,
    { zh: "微信拒绝了（错误码 {code}）", en: "WeChat refused it (error code {code})" },
  ],
  [
    /no process works/,
    {
      zh: "没有程序处理这一步，它可能已改名或停用",
      en: "Nothing handles this step any more; it may have been renamed",
    },
  ],
  [/deadlock|could not serialize|lock timeout/i, { zh: "和别的操作撞在一起", en: "It collided with other work" }],
];
const unknown = { zh: "处理时出错", en: "It failed with an error" };

/** Why something failed, for people; its own words stand beside it, for whoever mends it. */
export function reasonOf(error: string): LocalizedText {
  for (const [pattern, { zh, en }] of reasons) {
    const found = pattern.exec(error);
    if (found === null) continue;
    const code = found[1] ?? "";
    return { zh: zh.replace("{code}", code), en: en.replace("{code}", code) };
  }
  return unknown;
}
