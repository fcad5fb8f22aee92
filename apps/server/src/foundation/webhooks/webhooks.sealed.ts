import { sealedColumn } from "@zhanggui/kit/server/sealed-column";

const ofEndpoint = { table: "webhooks_endpoint", key: ["tenant_id", "id"] } as const;

export const signingSecret = sealedColumn({
  ...ofEndpoint,
  column: "secret_sealed",
  context: ({ id }: { id: string }) => `webhooks_endpoint:${id}:secret`,
});
export const formerSecret = sealedColumn({
  ...ofEndpoint,
  column: "former_sealed",
  context: ({ id }: { id: string }) => `webhooks_endpoint:${id}:former`,
});
export const customHeaders = sealedColumn({
  ...ofEndpoint,
  column: "headers_sealed",
  context: ({ id }: { id: string }) => `webhooks_endpoint:${id}:headers`,
});

/** Every column of this module that holds a sealed secret. */
export const webhooksSealed = [signingSecret, formerSecret, customHeaders];
