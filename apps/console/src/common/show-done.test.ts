import { beforeEach, expect, test, vi } from "vitest";
import { nextTick, type VNode } from "vue";
import { language } from "./language.ts";
import { showDone, showWhy } from "./show-done.ts";

interface Notice {
  readonly message: string | { readonly children: unknown[] };
  readonly type: string;
  readonly placement: string;
  isOpen: boolean;
}
const { notices } = vi.hoisted(() => ({ notices: [] as Notice[] }));

vi.mock("element-plus", () => ({
  ElMessage: (given: Omit<Notice, "isOpen">) => {
    const notice = { ...given, isOpen: true };
    notices.push(notice);
    return { close: () => (notice.isOpen = false) };
  },
}));

const open = () => notices.filter(({ isOpen }) => isOpen).map(({ message }) => message);

beforeEach(() => {
  notices.length = 0;
  language.value = "zh";
});

test("a notice takes the place of the one before", () => {
  showDone("first");
  showDone("second");
  expect(open()).toEqual(["second"]);
});

test("it stands at the foot, where no header and no title is", () => {
  showDone("saved");
  expect(notices.map(({ placement }) => placement)).toEqual(["bottom"]);
});

test("it does not outlive its language", async () => {
  showDone("已保存");
  language.value = "en";
  await nextTick();
  expect(open()).toEqual([]);
});

test("what it offers is beside its sentence, and who takes it sees it no more", () => {
  const undo = vi.fn();
  showDone("已停用", { label: "撤销", run: undo });
  const [{ message }] = notices as [Notice];
  const [sentence, button] = (message as unknown as { children: [string, VNode] }).children;
  expect([sentence, button.children]).toEqual(["已停用", "撤销"]);
  const { onClick } = button.props as { onClick: () => void };
  onClick();
  expect([undo.mock.calls.length, open()]).toEqual([1, []]);
});

test("why something isn't done is no success", () => {
  showWhy("还有人在用");
  expect(notices.map(({ type }) => type)).toEqual(["warning"]);
});
