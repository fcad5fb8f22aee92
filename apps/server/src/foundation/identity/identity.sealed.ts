import { sealedColumn } from "@zhanggui/kit/server/sealed-column";

export const clientSecret = sealedColumn({
  table: "identity_provider",
  column: "client_secret_sealed",
  key: ["tenant_id", "id"],
  context: ({ id }: { id: string }) => `identity_provider:${id}`,
});

/** Every column of this module that holds a sealed secret. */
export const identitySealed = [clientSecret];
