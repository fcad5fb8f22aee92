import { sealedColumn } from "@zhanggui/kit/server/sealed-column";

export const factorSecret = sealedColumn({
  table: "access_second_factor",
  column: "secret_sealed",
  key: ["tenant_id", "account_id"],
  context: ({ account_id }: { account_id: string }) => `access_second_factor:${account_id}`,
});

/** Every column of this module that holds a sealed secret. */
export const accessSealed = [factorSecret];
