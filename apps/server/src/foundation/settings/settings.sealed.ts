import { sealedColumn } from "@zhanggui/kit/server/sealed-column";

/** Bound to its place, not to its version: what is rolled back to is the same seal. */
export const settingSecret = sealedColumn({
  table: "settings_value",
  column: "value_sealed",
  key: ["tenant_id", "key", "version"],
  context: ({ tenant_id, place }: { tenant_id: string; place: string }) => `settings_value:${tenant_id}:${place}`,
});

/** Every column of this module that holds a sealed secret. */
export const settingsSealed = [settingSecret];
