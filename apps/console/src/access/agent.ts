import type { LocalizedText } from "@zhanggui/kit/contract/text";

const programs: readonly (readonly [RegExp, string])[] = [
  [/MicroMessenger/i, "微信 WeChat"],
  [/Edg\//, "Edge"],
  [/Firefox\//, "Firefox"],
  [/Chrome\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const systems: readonly (readonly [RegExp, string])[] = [
  [/iPhone|iPad/, "iOS"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/Linux/, "Linux"],
];

/** What a browser says it is, in two words people know; another program by the first of its own. */
export function deviceOf(agent: string): LocalizedText {
  const find = (among: typeof programs) => among.find(([pattern]) => pattern.test(agent))?.[1];
  const [program, system] = [find(programs), find(systems)];
  if (program === undefined && system === undefined) {
    const [first = ""] = agent.split(/[\s/]/);
    return first === "" ? { zh: "未知设备", en: "Unknown device" } : { zh: `程序 ${first}`, en: `Program ${first}` };
  }
  const text = [program, system].filter((each) => each !== undefined).join(" · ");
  return { zh: text, en: text };
}
