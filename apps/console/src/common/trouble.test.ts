import { ApiProblem } from "@zhanggui/kit/contract/problem";
import { expect, test } from "vitest";
import { createApp } from "vue";
import { i18n } from "./language.ts";
import ProblemNote from "./ProblemNote.vue";
import { isAbort, isMissing, troubleOf } from "./trouble.ts";

// The browser that runs the tests is set to English.
i18n.global.locale.value = "zh";

const locked = new ApiProblem({
  type: "about:blank",
  title: "Locked",
  status: 423,
  detail: "账号已锁定，请 5 分钟后再试。",
  code: "access.locked_out",
  traceId: "trace-1",
  errors: [{ field: "login", message: "no spaces" }],
});

test("a refusal is told in the server's words", () => {
  expect(troubleOf(locked)).toEqual({
    sentence: "账号已锁定，请 5 分钟后再试。",
    traceId: "trace-1",
    status: 423,
    code: "access.locked_out",
    fields: { login: "no spaces" },
  });
});

test("what isn't there is told from what went wrong", () => {
  const refused = (code: string) => troubleOf(new ApiProblem({ ...locked.problem, code }));
  expect(isMissing(refused("kit.not_found"))).toBe(true);
  expect(isMissing(refused("kit.invalid_input"))).toBe(true);
  expect(isMissing(refused("access.locked_out"))).toBe(false);
  expect(isMissing(troubleOf(new TypeError("Failed to fetch")))).toBe(false);
});

test("a server out of reach and a page gone wrong are told apart", () => {
  const lost = troubleOf(new TypeError("Failed to fetch")).sentence;
  const broken = troubleOf(new Error("boom")).sentence;
  expect(lost).not.toBe(broken);
  expect(broken).not.toContain("boom");
});

test("a call that was given up is no trouble", () => {
  expect(isAbort(new DOMException("", "AbortError"))).toBe(true);
  expect(isAbort(new DOMException("", "NetworkError"))).toBe(false);
});

test("a problem is shown with its trace id, a button to copy it and one to try again", () => {
  let tries = 0;
  const host = document.createElement("div");
  const retry = (): void => void (tries += 1);
  createApp(ProblemNote, { trouble: troubleOf(locked), retry })
    .use(i18n)
    .mount(host);
  expect(host.querySelector("[role=alert]")?.textContent).toContain("账号已锁定");
  expect(host.querySelector("code")?.textContent).toBe("trace-1");
  const buttons = [...host.querySelectorAll("button")];
  expect(buttons.map((each) => each.getAttribute("aria-label") ?? each.textContent)).toEqual(["复制追踪号", "重试"]);
  buttons.at(-1)?.click();
  expect(tries).toBe(1);
});

test("without a trace id there is nothing to copy", () => {
  const host = document.createElement("div");
  createApp(ProblemNote, { trouble: troubleOf(new TypeError()) })
    .use(i18n)
    .mount(host);
  expect(host.querySelector("code")).toBeNull();
  expect(host.querySelector("button")).toBeNull();
});
