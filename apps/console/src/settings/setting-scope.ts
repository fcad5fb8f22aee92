import type { Permission } from "@zhanggui/kit/contract/permission";
import type { SettingLevel } from "@zhanggui/kit/contract/setting";
import {
  type SettingView,
  settingsPlatform,
  settingsWrite,
} from "@zhanggui/server/foundation/settings/settings.contract";
import type { z } from "zod";

export type Setting = z.output<typeof SettingView>;
export type Layer = Setting["layers"][number];
/** For what settings are shown. */
export interface Scope {
  readonly level: SettingLevel;
  readonly scopeId: string;
}
export interface NamedScope extends Scope {
  readonly name: string;
}

/** Who may change what is set there. */
export function neededFor({ level }: Scope): Permission {
  return level === "platform" ? settingsPlatform : settingsWrite;
}

/** One scope as one word, for an address and a choice. */
export function scopeKey({ level, scopeId }: Scope): string {
  return scopeId === "" ? level : `${level}:${scopeId}`;
}

/** What a word of an address names; the tenant for one that names nothing. */
export function scopeOfKey(key: string): Scope {
  const [, level, , scopeId = ""] = /^(platform|tenant|app|store)(:(.+))?$/.exec(key) ?? [];
  if (level === undefined || (level === "app" || level === "store") !== (scopeId !== ""))
    return { level: "tenant", scopeId: "" };
  return { level: level as SettingLevel, scopeId };
}

/** What is set at the scope itself; undefined where it can't be. */
export function ownLayer({ layers }: Setting, { level }: Scope): Layer | undefined {
  return layers.find((layer) => layer.level === level);
}

/** What would hold if nothing were set at the scope; undefined for the code's default. */
export function inherited({ layers }: Setting, { level }: Scope): Layer | undefined {
  const others = layers.filter((layer) => layer.level !== level && layer.isSet && layer.isValid);
  return others.find(({ isPinned }) => isPinned) ?? others.at(-1);
}

/** Whether it can be changed at the scope: it is declared for it, and the platform hasn't pinned it. */
export function isOpen(setting: Setting, { level }: Scope): boolean {
  return !setting.isRetired && setting.levels.includes(level) && (level === "platform" || !setting.isPinned);
}

/** In the list of settings, by which words it is found. */
export function wordsOf({ key, zh, en, help }: Setting): string {
  return [zh, en, key, help?.zh, help?.en].filter((word) => word !== undefined).join(" ");
}
