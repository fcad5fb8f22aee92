import { type Client, createClient } from "@zhanggui/kit/contract/client";
import { contracts } from "@zhanggui/server/contracts";
import { callOptions, keeper } from "./session-api.ts";

export type Api = Client<typeof contracts>;

/** The server, as the console calls it: an expired session is renewed and the call tried once more. */
export const api: Api = createClient(contracts, { ...callOptions, renew: () => keeper.renew() });
