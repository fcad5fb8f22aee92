import { sealedColumn } from "@zhanggui/kit/server/sealed-column";

export const accountSecret = sealedColumn({
  table: "sms_account",
  key: ["tenant_id", "id"],
  column: "secret_sealed",
  context: ({ id }: { id: string }) => `sms_account:${id}:secret`,
});

/** Every column of this module that holds a sealed secret. */
export const smsSealed = [accountSecret];
