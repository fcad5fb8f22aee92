import { createClient } from "@zhanggui/kit/contract/client";
import { type Challenge, proofOf } from "@zhanggui/kit/contract/proof";
import { solveChallenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/pbkdf2";
import { expect } from "vitest";
import { contracts } from "../contracts.ts";
import type { Api, TestServer } from "./test-server.ts";

/** Solves a challenge as any program would: with the library of whoever invented it. */
export async function prove(challenge: Challenge): Promise<string> {
  const solution = await solveChallenge({ challenge: challenge as never, deriveKey });
  if (solution === null) throw new Error("the challenge wasn't solved");
  return proofOf(challenge, solution);
}

/** A client that solves what it is asked to; whoever calls is somewhere else, unless told. */
export function provingClient({ url }: Pick<TestServer, "url">, headers: Readonly<Record<string, string>> = {}): Api {
  const given = { "accept-language": "en", ...headers };
  return createClient(contracts, { baseUrl: url, headers: () => given, prove });
}

/** What was said to an address last, by whatever takes messages in a test. */
export interface Inbox {
  texts(): readonly { readonly to: string; readonly text: string }[];
  mails(): readonly { readonly to: readonly string[]; readonly text: string }[];
}

/** The code that went to a phone number or a mail address last. */
export function codeIn(inbox: Inbox, address: string): string {
  const said = [
    ...inbox.texts().filter(({ to }) => to === address),
    ...inbox.mails().filter(({ to }) => to.includes(address)),
  ].at(-1)?.text;
  const code = /(?<!\d)\d{6}(?!\d)/.exec(said ?? "")?.[0];
  if (code === undefined) throw new Error(`no code was sent to ${address}`);
  return code;
}

/** A customer who is signed in. */
export interface SignedInCustomer {
  readonly api: Api;
  readonly personId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** Signs somebody in by a code that is sent to their phone. */
export async function signInCustomer(
  server: TestServer,
  inbox: Inbox,
  { tenantId, address }: { readonly tenantId: string; readonly address: string },
): Promise<SignedInCustomer> {
  const visitor = provingClient(server);
  const wanted = { tenantId, channel: "phone" as const, address };
  const sent = (): number => inbox.texts().filter(({ to }) => to === address).length;
  const before = sent();
  const { deviceToken } = await visitor.customers.askCode({ ...wanted, headers: {} });
  await server.runUntilIdle();
  // Of a server that works by itself another worker may have it.
  await expect.poll(sent).toBeGreaterThan(before);
  const code = codeIn(inbox, address);
  const session = await visitor.customers.signIn({ ...wanted, code, deviceToken, headers: {} });
  const { accessToken, refreshToken, customer } = session;
  const api = provingClient(server, { authorization: `Bearer ${accessToken}` });
  return { api, personId: customer.personId, accessToken, refreshToken };
}
