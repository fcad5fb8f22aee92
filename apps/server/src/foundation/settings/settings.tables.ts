export interface SettingsTables {
  settings_value: {
    tenant_id: string;
    key: string;
    version: number;
    value: unknown;
    changed_by: string;
    changed_at: Date;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends SettingsTables {}
}
