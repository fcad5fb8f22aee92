import type { LocationQuery } from "vue-router";

interface Address {
  /** Decoded, with its `#`, or empty. */
  readonly hash: string;
  readonly query: LocationQuery;
}

const fragment = "#token=";

/**
 * The set-up token that an address carries, and the address without it. Its place is the fragment, which browsers don't
 * send; in a query it is read too, though logs on the way have seen it then.
 *
 * @returns an empty token and the same address if there is none
 */
export function takeSetupToken({ hash, query }: Address): { token: string; rest: Address } {
  const { token: inQuery, ...others } = query;
  const inFragment = hash.startsWith(fragment) ? hash.slice(fragment.length) : "";
  const token = inFragment || (typeof inQuery === "string" ? inQuery : "");
  return { token, rest: { hash: inFragment === "" ? hash : "", query: others } };
}
