import { sealedColumn } from "@zhanggui/kit/server/sealed-column";

export const accountSecret = sealedColumn({
  table: "sms_account",
  key: ["tenant_id", "id"],
  column: "secret_sealed",
  context: ({ id }: { id: string }) => `sms_account:${id}:secret`,
});

export const attemptPhone = sealedColumn({
  table: "sms_attempt",
  key: ["tenant_id", "id"],
  column: "phone_sealed",
  context: ({ id }: { id: string }) => `sms_attempt:${id}:phone`,
});

/** Every column of this module that holds a sealed secret. */
export const smsSealed = [accountSecret, attemptPhone];
