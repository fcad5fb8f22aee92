import { setting } from "@zhanggui/kit/contract/setting";
import { retention, rowsOf } from "@zhanggui/kit/server/retention";
import { z } from "zod";

export const reuseMinutes = setting(
  "links.reuseMinutes",
  z.int().min(0).max(10_080),
  10,
  { zh: "同一网址沿用短链接的分钟数", en: "Minutes that an address keeps its short link" },
  {
    help: {
      zh: "这么多分钟内对同一网址重复生成时返回同一条；0 为每次新建。",
      en: "So long the same address gives the same short link; 0: a new one each time.",
    },
  },
);

export const allowedDomains = setting(
  "links.allowedDomains",
  z.array(z.string().min(3).max(253)).max(200),
  [],
  { zh: "短链接可以跳转到的域名", en: "Domains that short links may lead to" },
  {
    help: {
      zh: "每行一个，包含其子域名；留空为不限。",
      en: "A line each, with what is below them; none: any.",
    },
  },
);

export const keepClicks = retention(
  "links.keepClicksDays",
  730,
  { zh: "短链接的每日点击数", en: "short links' clicks by day" },
  rowsOf("links_click", "hour"),
);
