import { audienceRead } from "@zhanggui/server/engines/audience/audience.contract";
import { shallowRef, watch } from "vue";
import { api } from "../common/api.ts";
import { can } from "../common/signed-in.ts";

/** Who wrote, or is written to, at one of the business's accounts. */
export interface Openid {
  readonly openid: string;
  readonly wechatAppId: string;
}
interface Known {
  readonly personId: string;
  readonly displayName: string;
}

/** How many one call asks for. */
const askedAtOnce = 200;
const keyOf = ({ openid, wechatAppId }: Openid): string => `${wechatAppId} ${openid}`;

/**
 * The people behind openids, for those who may see people; asked for once each, as rows come. Without an answer, or a
 * right, openids are what is shown.
 */
export function usePeopleOf(rows: () => readonly Openid[]): (row: Openid) => Known | undefined {
  const known = shallowRef<ReadonlyMap<string, Known>>(new Map());
  const asked = new Set<string>();
  async function ask(openids: readonly string[]): Promise<void> {
    for (const openid of openids) asked.add(openid);
    const { items } = await api.audience.findByOpenid({ openids: [...openids] });
    known.value = new Map([...known.value, ...items.map((each) => [keyOf(each), each] as const)]);
  }
  watch(
    rows,
    (now) => {
      if (!can(audienceRead)) return;
      const open = [...new Set(now.map(({ openid }) => openid))].filter((openid) => !asked.has(openid));
      for (let from = 0; from < open.length; from += askedAtOnce)
        // The list is there without names.
        void ask(open.slice(from, from + askedAtOnce)).catch(() => undefined);
    },
    { immediate: true },
  );
  return (row) => known.value.get(keyOf(row));
}
