import { setting } from "@zhanggui/kit/contract/setting";
import { retention, rowsOf } from "@zhanggui/kit/server/retention";
import { z } from "zod";

export const olderVersionHours = setting(
  "forms.olderVersionHours",
  z.int().min(0).max(8760),
  24,
  { zh: "旧版表单仍可提交的小时数", en: "Hours that an older version is still accepted" },
  {
    help: {
      zh: "从发布新版本算起；0 为立即停止接受。",
      en: "After a newer version of a form is published; 0: not at all.",
    },
  },
);

export const keepAnswers = retention(
  "forms.keepAnswersDays",
  0,
  { zh: "表单答卷", en: "answers to forms" },
  rowsOf("forms_answer"),
);
