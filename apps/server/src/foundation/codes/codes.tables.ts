// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated } from "kysely";

export interface CodesTables {
  codes_code: {
    tenantId: Generated<string>;
    id: Generated<string>;
    purpose: string;
    channel: "phone" | "mail";
    addressHash: string;
    addressMasked: string;
    network: string;
    device: string | null;
    codeHash: string;
    messageSealed: string | null;
    isWithheld: Generated<boolean>;
    state: Generated<"waiting" | "sent" | "failed" | "used" | "replaced" | "guessed">;
    failure: string | null;
    tries: Generated<number>;
    expiresAt: Date;
    usedAt: Date | null;
    createdAt: Generated<Date>;
    sentAt: Date | null;
  };
  codes_proof: {
    nonce: string;
    expiresAt: Date;
  };
  codes_refusal: {
    tenantId: Generated<string>;
    at: Date;
    refused: number;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends CodesTables {}
}
