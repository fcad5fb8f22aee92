import { api } from "../common/api.ts";

/** No table of a business's own, so the log follows none of its changes: what the platform does to it is noted. */
const business = { kind: "access_tenant", noun: { zh: "企业", en: "business" }, list: null };

/** The kinds of things that stand in the audit log: the same till the server is another. */
export async function things(signal?: AbortSignal) {
  const { items } = await api.audit.listThings({}, signal === undefined ? {} : { signal });
  return [...items, business];
}
export type Thing = Awaited<ReturnType<typeof things>>[number];
