import { pair } from "../common/pair.ts";

export const settingsMessages = pair(
  {
    module: "设置",
    workNames: { prune: "按保留期删除旧数据" },
    eventNames: {
      changed_v1: "设置已修改",
    },
    title: "设置",
    hint: "修改后立即生效，无需重启。每次修改都有记录。",
    changed: "已修改",
    default: "默认值：{value}",
    editOf: "编辑设置：{name}",
    empty: "没有可修改的设置",
    emptyHint: "各模块的设置会出现在这里。",
  },
  {
    module: "Settings",
    workNames: { prune: "Delete what is kept no longer" },
    eventNames: {
      changed_v1: "Setting changed",
    },
    title: "Settings",
    hint: "A change holds at once, without a restart. Every change is kept.",
    changed: "changed",
    default: "Default: {value}",
    editOf: "Edit the setting “{name}”",
    empty: "No settings",
    emptyHint: "The settings of each module show up here.",
  },
);
