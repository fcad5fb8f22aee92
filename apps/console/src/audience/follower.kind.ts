import { api } from "../common/api.ts";
import { allOf } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";

/** Somebody who follows an account: the latest of them. */
export const kind: Kind = {
  options: async (signal) => {
    const people = await allOf(api.audience.listPeople, signal, { following: true });
    return people.map(({ id, displayName }) => ({ value: id, label: displayName }));
  },
};
