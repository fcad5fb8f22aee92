import { expect, test } from "vitest";
import { messages } from "../messages.ts";
import { workLabel } from "./labels.ts";

const words: Readonly<Record<string, unknown>> = messages.zh;
const wordOf = (key: string): unknown =>
  key
    .split(".")
    .reduce<unknown>((part, name) => (part as Readonly<Record<string, unknown>> | undefined)?.[name], words);
const label = (name: string): string =>
  workLabel(
    name,
    (key) => String(wordOf(key)),
    (key) => wordOf(key) !== undefined,
  );

test("a handler, a job and a queue are called by a word; one that has none by its own name", () => {
  expect(label("messaging.start_scenes")).toBe("触发场景");
  expect(label("audience.fetch_profile")).toBe("读取客户资料");
  expect(label("messaging.outbox")).toBe("发送消息");
  expect(label("messaging.scenes")).toBe("messaging.scenes");
  expect(label("kit.schedules")).toBe("定时任务");
  expect(label("kit.unheard_of")).toBe("kit.unheard_of");
});
