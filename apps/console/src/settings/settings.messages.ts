import { pair } from "../common/pair.ts";

export const settingsMessages = pair(
  {
    module: "设置",
    eventNames: {
      changed_v1: "设置已修改",
    },
    title: "设置",
    hint: "修改后立即生效，无需重启。每次修改都有记录。",
    changed: "已修改",
    default: "默认值：{value}",
    version: "第 {n} 版",
    editOf: "修改设置：{name}",
    historyOf: "“{name}”的修改记录",
    noHistory: "从未修改过，使用默认值。",
    empty: "没有可修改的设置",
    emptyHint: "各模块的设置会出现在这里。",
  },
  {
    module: "Settings",
    eventNames: {
      changed_v1: "Setting changed",
    },
    title: "Settings",
    hint: "A change holds at once, without a restart. Every change is kept.",
    changed: "changed",
    default: "Default: {value}",
    version: "Version {n}",
    editOf: "Change the setting “{name}”",
    historyOf: "History of “{name}”",
    noHistory: "Never changed: the default holds.",
    empty: "No settings",
    emptyHint: "The settings of each module show up here.",
  },
);
