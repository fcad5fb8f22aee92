import { sealedColumn } from "@zhanggui/kit/server/sealed-column";

const ofApp = { table: "connect_app", key: ["tenant_id", "id"] } as const;

export const appSecret = sealedColumn({
  ...ofApp,
  column: "secret_sealed",
  context: ({ id }: { id: string }) => `connect_app:${id}:secret`,
});
export const pushToken = sealedColumn({
  ...ofApp,
  column: "push_token_sealed",
  context: ({ id }: { id: string }) => `connect_app:${id}:push_token`,
});
export const aesKey = sealedColumn({
  ...ofApp,
  column: "aes_key_sealed",
  context: ({ id }: { id: string }) => `connect_app:${id}:aes_key`,
});
export const accessToken = sealedColumn({
  table: "connect_token",
  column: "value_sealed",
  key: ["tenant_id", "wechat_app_id"],
  context: ({ wechat_app_id }: { wechat_app_id: string }) => `connect_token:${wechat_app_id}`,
});
export const jsTicket = sealedColumn({
  table: "connect_ticket",
  column: "value_sealed",
  key: ["tenant_id", "wechat_app_id"],
  context: ({ wechat_app_id }: { wechat_app_id: string }) => `connect_ticket:${wechat_app_id}`,
});

/** Every column of this module that holds a sealed secret. */
export const connectSealed = [appSecret, pushToken, aesKey, accessToken, jsTicket];
