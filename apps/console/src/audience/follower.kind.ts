import { api } from "../common/api.ts";
import { allOf, pageSize, searched } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";

/** Somebody who follows an account: the latest of them, and whoever else is looked for. */
export const kind: Kind = {
  most: pageSize,
  options: async (signal, asked) => {
    const people = await allOf(api.audience.listPeople, signal, { ...searched(asked), following: true }, 1);
    return people.map(({ id, displayName }) => ({ value: id, label: displayName }));
  },
  nameOf: async (personId, signal) => (await api.audience.getPerson({ personId }, { signal })).displayName,
};
