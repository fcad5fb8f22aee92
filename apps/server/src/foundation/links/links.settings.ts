import { setting } from "@zhanggui/kit/contract/setting";
import { retention, rowsOf } from "@zhanggui/kit/server/retention";
import { z } from "zod";

export const reuseMinutes = setting("links.reuseMinutes", z.int().min(0).max(10_080), 10, {
  zh: "多少分钟内对同一网址重复生成时返回同一条短链接；0 为每次新建。",
  en: "For how many minutes the same address gives the same short link; 0: a new one each time.",
});

export const allowedDomains = setting("links.allowedDomains", z.array(z.string().min(3).max(253)).max(200), [], {
  zh: "短链接可以跳转到的域名，每行一个，包含其子域名；留空为不限。",
  en: "Domains that short links may lead to, a line each, with what is below them; none: any.",
});

export const keepClicks = retention(
  "links.keepClicksDays",
  730,
  { zh: "短链接的每日点击数", en: "short links' clicks by day" },
  rowsOf("links_click", "hour"),
);
