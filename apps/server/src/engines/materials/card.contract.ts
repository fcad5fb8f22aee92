import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { Named } from "@zhanggui/kit/contract/named";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const cardStates = {
  making: { zh: "制作中", en: "Being made", tone: "quiet" },
  made: { zh: "可用", en: "Ready", tone: "good" },
  failed: { zh: "未做成", en: "Failed", tone: "bad" },
  unknown: {
    zh: "结果待查",
    en: "Unknown",
    tone: "warn",
    hint: {
      zh: "微信没有答复。会先到素材库里找这张图片，找不到才再上传。",
      en: "WeChat didn't answer. The picture is looked for in its library first, and only uploaded again if it isn't there.",
    },
  },
} as const;

/** From the mini-program's root, as WeChat wants it: without a slash before it. */
export const PagePath = z
  .string()
  .trim()
  .min(1)
  .max(300)
  .regex(/^[^/\s]\S*$/, {
    error: bilingual({
      zh: "写成 pages/index/index 的样子，开头没有斜杠",
      en: "written like pages/index/index, no slash before it",
    }),
  });
export const CardFields = {
  title: field(oneLine(64), { zh: "卡片标题", en: "Title" }),
  pagePath: field(
    PagePath,
    { zh: "打开的页面", en: "Page it opens" },
    {
      hint: {
        zh: "小程序里的路径，可带参数，例如 pages/index/index?from=card。",
        en: "A path in the mini-program, also with parameters: pages/index/index?from=card.",
      },
    },
  ),
  /** Null: our own picture. */
  fileId: field(
    Id.nullable(),
    { zh: "卡片图片", en: "Picture" },
    {
      input: "file",
      hint: {
        zh: "PNG、JPEG 或 GIF，10 MB 以内，宽高 5:4 最合适。不选则不换图片。",
        en: "PNG, JPEG or GIF of 10 MB at most, best five wide to four high. Without one the picture stays.",
      },
    },
  ),
};

/** What an official account sends as the card of a mini-program. */
export const MiniProgramCard = z
  .object({
    id: Id,
    app: Named,
    miniProgram: Named,
    title: z.string(),
    pagePath: z.string(),
    /** Whether somebody gave it a picture of its own. */
    hasOwnPicture: z.boolean(),
    state: z.enum(["making", "made", "failed", "unknown"]),
    /** Whether it can be sent: also while another picture is being made. */
    canBeSent: z.boolean(),
    madeAt: Instant.nullable(),
    /** Why it isn't made. */
    zh: z.string().nullable(),
    en: z.string().nullable(),
  })
  .meta({ id: "MiniProgramCard" });
