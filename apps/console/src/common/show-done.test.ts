import { beforeEach, expect, test, vi } from "vitest";
import { nextTick } from "vue";
import { language } from "./language.ts";
import { showDone } from "./show-done.ts";

const { notices } = vi.hoisted(() => ({ notices: [] as { message: string; placement: string; isOpen: boolean }[] }));

vi.mock("element-plus", () => ({
  ElMessage: ({ message, placement }: { message: string; placement: string }) => {
    const notice = { message, placement, isOpen: true };
    notices.push(notice);
    return { close: () => (notice.isOpen = false) };
  },
}));

const open = (): string[] => notices.filter(({ isOpen }) => isOpen).map(({ message }) => message);

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
