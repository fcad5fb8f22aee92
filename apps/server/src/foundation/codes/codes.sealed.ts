import { sealedColumn } from "@zhanggui/kit/server/sealed-column";

export const codeMessage = sealedColumn({
  table: "codes_code",
  column: "message_sealed",
  key: ["tenant_id", "id"],
  context: ({ id }: { id: string }) => `codes_code:${id}`,
});

/** Every column of this module that holds a sealed secret. */
export const codesSealed = [codeMessage];
