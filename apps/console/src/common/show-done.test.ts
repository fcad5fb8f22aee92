import { beforeEach, expect, test, vi } from "vitest";
import { nextTick, type VNode } from "vue";
import { language } from "./language.ts";
import { showDone, showWhy } from "./show-done.ts";

interface Said {
  readonly message: string | { readonly children: unknown[] };
  readonly type: string;
  readonly placement: string;
  isOpen: boolean;
}
const { said } = vi.hoisted(() => ({ said: [] as Said[] }));

vi.mock("element-plus", () => ({
  ElMessage: (given: Omit<Said, "isOpen">) => {
    const notice = { ...given, isOpen: true };
    said.push(notice);
    return { close: () => (notice.isOpen = false) };
  },
}));

const open = () => said.filter(({ isOpen }) => isOpen).map(({ message }) => message);

beforeEach(() => {
  said.length = 0;
  language.value = "zh";
});

test("a notice takes the place of the one before", () => {
  showDone("first");
  showDone("second");
  expect(open()).toEqual(["second"]);
});

test("it stands at the foot, where no header and no title is", () => {
  showDone("saved");
  expect(said.map(({ placement }) => placement)).toEqual(["bottom"]);
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
  const [{ message }] = said as [Said];
  const [sentence, button] = (message as unknown as { children: [string, VNode] }).children;
  expect([sentence, button.children]).toEqual(["已停用", "撤销"]);
  const { onClick } = button.props as { onClick: () => void };
  onClick();
  expect([undo.mock.calls.length, open()]).toEqual([1, []]);
});

test("why something isn't done is no success", () => {
  showWhy("还有人在用");
  expect(said.map(({ type }) => type)).toEqual(["warning"]);
});
