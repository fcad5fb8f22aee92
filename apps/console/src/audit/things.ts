import { api } from "../common/api.ts";

/** The kinds of things that the audit log follows: the same till the server is another. */
export async function things(signal?: AbortSignal) {
  return (await api.audit.listThings({}, signal === undefined ? {} : { signal })).items;
}
export type Thing = Awaited<ReturnType<typeof things>>[number];
