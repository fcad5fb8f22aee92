/** A template of the public library, as an operator finds it by its number. Made up for the emulator. */
export interface LibraryTemplate {
  tid: number;
  title: string;
  /** 2: once; 3: for good. */
  type: 2 | 3;
  categoryId: number;
  keywords: readonly { kid: number; name: string; example: string; rule: string }[];
}

export const categories = [
  { id: 307, name: "餐饮" },
  { id: 616, name: "教育" },
] as const;

export const library: readonly LibraryTemplate[] = [
  {
    tid: 9001,
    title: "取餐提醒",
    type: 2,
    categoryId: 307,
    keywords: [
      { kid: 1, name: "取餐码", example: "A-17", rule: "character_string" },
      { kid: 2, name: "门店", example: "灯笼茶", rule: "thing" },
      { kid: 3, name: "下单时间", example: "2026-05-01 12:00", rule: "time" },
      { kid: 4, name: "金额", example: "18.00元", rule: "amount" },
      { kid: 5, name: "备注", example: "请凭码取餐", rule: "thing" },
    ],
  },
  {
    tid: 9002,
    title: "新品上市通知",
    type: 2,
    categoryId: 307,
    keywords: [
      { kid: 1, name: "新品", example: "明前龙井", rule: "thing" },
      { kid: 2, name: "上市日期", example: "2026-04-05", rule: "date" },
      { kid: 3, name: "备注", example: "欢迎品尝", rule: "thing" },
    ],
  },
  {
    tid: 9003,
    title: "打卡提醒",
    type: 2,
    categoryId: 616,
    keywords: [
      { kid: 1, name: "课程", example: "二十一天茶艺课", rule: "thing" },
      { kid: 2, name: "已坚持天数", example: "7", rule: "number" },
      { kid: 3, name: "进度", example: "进行中", rule: "phrase" },
    ],
  },
];
