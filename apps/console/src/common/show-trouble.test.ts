import { ApiProblem } from "@zhanggui/kit/contract/problem";
import { expect, test } from "vitest";
import { nextTick } from "vue";
import { i18n } from "./language.ts";
import { showTrouble } from "./show-trouble.ts";

test("a failed action says why, in the corner, with what to hand to a developer", async () => {
  showTrouble(new TypeError("failed to fetch"));
  const detail = "没有权限（access:write），请联系管理员开通。";
  showTrouble(new ApiProblem({ type: "", title: "", status: 403, detail, code: "kit.forbidden", traceId: "8fd9f54c" }));
  await nextTick();
  expect(document.body.textContent).toContain(i18n.global.t("shared.problem.unreachable"));
  expect(document.body.textContent).toContain(detail);
  expect(document.body.textContent).toContain("8fd9f54c");
});
