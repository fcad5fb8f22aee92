/** The header that a proof of work is sent in. */
export const proofHeader = "x-proof-of-work";

/** The fault that asks for one. Here, so that browsers load its code without its sentences. */
export const proofNeededCode = "kit.proof_needed";

/** What is to be solved: a challenge of ALTCHA's (https://altcha.org, proof of work, version 2), signed by the server. */
export interface Challenge {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly signature: string;
}

/**
 * What a solved challenge is sent as. Its solution is the counter by which the key begins as the challenge says, and
 * that key; `page/proof.js` of the module codes finds it in a browser, and any solver of ALTCHA's elsewhere.
 */
export function proofOf(
  challenge: Challenge,
  solution: { readonly counter: number; readonly derivedKey: string },
): string {
  return btoa(JSON.stringify({ challenge, solution }));
}
