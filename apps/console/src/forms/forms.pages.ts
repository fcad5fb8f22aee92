import { anyOf } from "@zhanggui/kit/contract/permission";
import { formsAnswer, formsDesign, formsRead } from "@zhanggui/server/foundation/forms/forms.contract";
import type { Page } from "../common/pages.ts";
import { newForm } from "./titles.ts";

export const pages: readonly Page[] = [
  {
    path: "growth/forms",
    name: "forms",
    view: () => import("./FormsPage.vue"),
    needs: anyOf(formsAnswer, formsDesign, formsRead),
    title: { zh: "表单", en: "Forms" },
    list: "forms.list",
    creates: { label: newForm, needs: formsDesign },
    menu: { group: "growth", order: 3, icon: "edit" },
  },
  {
    path: "growth/forms/:formId",
    name: "form-design",
    view: () => import("./designer/DesignerPage.vue"),
    needs: formsDesign,
    title: { zh: "设计表单", en: "Design a form" },
  },
  {
    path: "growth/forms/:formId/versions",
    name: "form-versions",
    view: () => import("./designer/VersionsPage.vue"),
    needs: formsDesign,
    title: { zh: "表单版本", en: "Versions of a form" },
  },
  {
    path: "growth/forms/:formId/fill",
    name: "form-fill",
    view: () => import("./FillPage.vue"),
    needs: formsAnswer,
    title: { zh: "填写表单", en: "Fill in a form" },
  },
  {
    path: "growth/forms/:formId/answers",
    name: "form-answers",
    view: () => import("./AnswersPage.vue"),
    needs: formsRead,
    title: { zh: "答卷", en: "Answers" },
  },
  {
    path: "growth/forms/:formId/answers/:answerId",
    name: "form-answer",
    view: () => import("./AnswerPage.vue"),
    needs: formsRead,
    title: { zh: "一份答卷", en: "An answer" },
  },
];
