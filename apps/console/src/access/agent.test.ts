import { expect, test } from "vitest";
import { deviceOf } from "./agent.ts";

test.each([
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    "Chrome · Windows",
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 Mobile MicroMessenger/8.0",
    "微信 WeChat · iOS",
  ],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"],
  ["node", "Program node"],
  ["curl/8.5", "Program curl"],
  ["", "Unknown device"],
])("%s", (agent, device) => {
  expect(deviceOf(agent).en).toBe(device);
});
