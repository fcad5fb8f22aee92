import type { Chance } from "./chance.ts";

export type Mood = "menu" | "question" | "thanks" | "hello" | "complaint" | "foreign";

/** What guests write. "菜单", "营业", "地址" and "预订" have a rule that answers; the rest waits for somebody. */
const sayings: Readonly<Record<Mood, readonly string[]>> = {
  menu: ["菜单", "今天的菜单", "看看菜单", "菜单发我一份", "有新菜单吗", "菜单？", "求菜单"],
  question: [
    "桂花乌龙还有吗？",
    "营业到几点呀",
    "今天营业吗？",
    "地址在哪里",
    "门店地址发一下",
    "可以预订靠窗的位子吗？",
    "想预订周六下午四个人的位子",
    "陈皮白茶可以带走吗",
    "能寄到外地吗？",
    "可以少糖吗",
    "茶叶能不能单买？",
    "周末要排队吗",
    "附近好停车吗？",
    "可以带小狗进来吗",
    "有没有不含咖啡因的？",
    "会员卡怎么办理",
    "上次的券还能用吗？",
    "炭焙铁观音今年的新茶到了吗",
    "能开发票吗？",
    "买十送一还有吗",
  ],
  thanks: [
    "谢谢，茶很好喝",
    "谢谢掌柜",
    "收到，谢谢",
    "茶很香，下次再来",
    "今天的点心也好吃",
    "辛苦啦",
    "已经推荐给同事了",
  ],
  hello: ["你好", "在吗", "你好呀", "掌柜在吗？", "早上好", "晚上好"],
  complaint: ["今天等了半个小时", "外带的杯盖漏了", "桂花乌龙比上次淡了", "周六人太多了，没位子"],
  foreign: ["hello", "menu please", "Do you open on Sunday?", "Is there oolong without sugar?", "thank you!"],
};

const moods = { menu: 34, question: 33, thanks: 15, hello: 11, complaint: 4, foreign: 3 };

export function saying(chance: Chance, mood: Mood = chance.weighted(moods)): string {
  return chance.pick(sayings[mood]);
}

/** What the shop writes on people. */
export const tags = {
  often: "常客",
  oolong: "爱喝乌龙",
  office: "企业客户",
  calmed: "投诉已处理",
  tasting: "品鉴会",
} as const;
