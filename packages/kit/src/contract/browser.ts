import { z } from "zod";

/** What people browse with, as far as it says. */
export const browsers = {
  wechat: { zh: "微信", en: "WeChat" },
  wecom: { zh: "企业微信", en: "WeCom" },
  ios: { zh: "iPhone、iPad", en: "iPhone or iPad" },
  android: { zh: "安卓", en: "Android" },
  desktop: { zh: "电脑", en: "Computer" },
};
export const Browser = z.enum(["wechat", "wecom", "ios", "android", "desktop"]);
export type Browser = z.output<typeof Browser>;

/** WeCom's browser calls itself WeChat's too. An iPad that asks for desktop pages can't be told from a Mac. */
const marks: Readonly<Record<Browser, (userAgent: string) => boolean>> = {
  wecom: (userAgent) => /wxwork/i.test(userAgent),
  wechat: (userAgent) => /MicroMessenger/i.test(userAgent) && !marks.wecom(userAgent),
  ios: (userAgent) => /iPhone|iPad|iPod/.test(userAgent),
  android: (userAgent) => /Android/.test(userAgent),
  desktop: (userAgent) => /Windows NT|Macintosh|X11|CrOS/.test(userAgent) && !/Mobile/.test(userAgent),
};

/** Several may be true at once: WeChat on an iPhone is both. */
export function isBrowser(browser: Browser, userAgent: string | undefined): boolean {
  return marks[browser](userAgent ?? "");
}
