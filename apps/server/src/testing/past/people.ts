import type { Chance } from "./chance.ts";

/** Nicknames are made of parts, so that they are nobody's. */
const firsts = "小阿晓一木雨青白南北知云星春秋半山川晴夏".split("");
const seconds = "满岚禾茶果露荷棠舟橙梨栗樱竹枫鹿鱼月溪谷川柚夏秋苔笙黛苇梧桐砚".split("");
const words = [
  "半糖 山里的 爱喝茶的 早睡的 楼上 隔壁 三点半 慢慢 不加班的 向西 路过的 巷口 晴天 周末 好好吃饭的 骑车的".split(" "),
  "乌龙 猫 柚子 兔子 小熊 邻居 面包 云朵 橘子 麻雀 芋圆 桂花 豆包 石榴 团子 松鼠 汤圆 梅子 青团 阿婆".split(" "),
] as const;
const foreign = "Coco Mia Leon Yuki Nana Oscar Ruby Tony Kiki Vivi Echo Momo Luna Ivy Joy Felix Sunny Nemo".split(" ");
const surnames = "陈林黄周吴徐孙马朱胡郭何高罗郑梁谢宋唐许韩冯邓曹彭曾田".split("");
const titles = "女士 先生 老师 阿姨 同学 师傅 姐 哥 爷爷 奶奶".split(" ");

export interface Guest {
  readonly puppetId: string;
  /** The nickname that the phone shows; WeChat tells it to nobody. */
  readonly nickname: string;
  /** What the shop writes down once it knows them; some it never gets to know. */
  readonly knownAs: string | undefined;
  /** What becomes of template messages to them. */
  readonly templateDelivery: "success" | "user_block" | "system_failed";
  /** How often they have something to say. */
  readonly talk: "seldom" | "sometimes" | "often";
}

/** Makes one after the other. */
export class Guests {
  readonly #taken = new Set<string>();
  readonly #chance: Chance;
  #made = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  next(): Guest {
    const chance = this.#chance;
    const nickname = this.#unlike(() => this.#nickname());
    const isKnown = chance.happens(0.72);
    const isFormal = chance.happens(0.35);
    const formal = isFormal ? this.#unlike(() => this.#formal()) : nickname;
    return {
      puppetId: `guest-${String(++this.#made).padStart(4, "0")}`,
      nickname,
      knownAs: isKnown ? formal : undefined,
      templateDelivery: chance.weighted({ success: 96.5, user_block: 3, system_failed: 0.5 }),
      talk: chance.weighted({ seldom: 55, sometimes: 33, often: 12 }),
    };
  }

  #nickname(): string {
    const chance = this.#chance;
    const kind = chance.weighted({ short: 46, long: 14, words: 36, foreign: 4 });
    if (kind === "words") return chance.pick(words[0]) + chance.pick(words[1]);
    if (kind === "foreign") return chance.pick(foreign);
    return chance.pick(firsts) + chance.pick(seconds) + (kind === "long" ? chance.pick(seconds) : "");
  }

  /** As one calls somebody whom one knows by their order. */
  #formal(): string {
    const chance = this.#chance;
    const name = chance.pick(surnames);
    return chance.happens(0.3) ? chance.pick(["老", "小"]) + name : name + chance.pick(titles);
  }

  /** Two people may be called alike, as they are; but not soon, while there are other names. */
  #unlike(make: () => string): string {
    let name = make();
    for (let tries = 0; this.#taken.has(name) && tries < 12; tries++) name = make();
    this.#taken.add(name);
    return name;
  }
}
